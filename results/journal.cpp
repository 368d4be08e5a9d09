#include "results/journal.hpp"

#include "core/error.hpp"
#include "results/atomic_file.hpp"
#include "results/record_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace retrace::results {

namespace {

using Json = nlohmann::json;

constexpr int journal_version = 1;

/// Texts that are not UTF-8 must not end a run.
std::string line_of(Json const& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json header_json(ResultDocument const& document) {
  return {{"journal", journal_version},
          {"schema_version", std::string(schema_version)},
          {"title", document.title},
          {"created_utc", document.created_utc},
          {"generator", document.generator},
          {"license", document.license},
          {"history", document.history},
          {"planned_cases", document.planned_cases},
          {"finalized", document.finalized},
          {"convergence", rows_json(document.convergence)},
          {"config",
           {{"toml", document.config.toml},
            {"effective_json", document.config.effective_json},
            {"request_json", document.config.request_json},
            {"sha256", document.config.sha256}}}};
}

void take_header(Json const& json, ResultDocument& document) {
  if (json.at("journal") != journal_version)
    throw std::runtime_error(
        fmt::format("a journal of form {}; this program reads form {}", json.at("journal").dump(), journal_version));
  std::string const version = json.at("schema_version");
  if (version.substr(0, version.find('.')) != schema_version.substr(0, schema_version.find('.')))
    throw std::runtime_error(fmt::format("schema version {} cannot be read by this program, which reads version {}",
                                         version, schema_version));
  document.schema_version = version;
  document.title = json.at("title");
  document.created_utc = json.at("created_utc");
  document.generator = json.at("generator");
  document.license = json.at("license");
  document.history = json.at("history");
  document.planned_cases = json.at("planned_cases");
  document.finalized = json.at("finalized");
  document.convergence = rows_of_json<ConvergenceRow>(json.at("convergence"));
  Json const& config = json.at("config");
  document.config = {.toml = config.at("toml"),
                     .effective_json = config.at("effective_json"),
                     .sha256 = config.at("sha256"),
                     .request_json = config.at("request_json")};
}

/// Rows of table and run: those that a run brought with it.
template <class Row>
Json rows_of_run(std::vector<Row> const& rows, std::int64_t run) {
  Json json = Json::array();
  for (Row const& row : rows) {
    if (row.run == run) json.push_back(row_json(row));
  }
  return json;
}

std::string run_line(ResultDocument const& document, std::size_t run) {
  auto const index = static_cast<std::int64_t>(run);
  return line_of({{"run", row_json(document.runs[run])},
                  {"environment", rows_of_run(document.environment, index)},
                  {"ranks", rows_of_run(document.ranks, index)}});
}

template <class Row>
void append_rows(Json const& json, std::vector<Row>& rows) {
  for (Row& row : rows_of_json<Row>(json)) rows.push_back(std::move(row));
}

class Replay {
 public:
  void line(std::string const& text, std::size_t number) {
    Json const json = Json::parse(text, nullptr, false);
    if (number == 1) {
      if (!json.is_object() || !json.contains("journal")) throw std::runtime_error("not a journal of this program");
      take_header(json, content_.document);
      return;
    }
    try {
      if (json.is_discarded()) throw std::runtime_error("not JSON");
      entry(json);
    } catch (std::exception const& error) {
      content_.remarks.push_back(fmt::format("line {} is left out: {}", number, error.what()));
    }
  }

  JournalContent finished() && { return std::move(content_); }

 private:
  void entry(Json const& json) {
    ResultDocument& document = content_.document;
    if (auto const run = json.find("run"); run != json.end()) {
      document.runs.push_back(row_of_json<RunRow>(*run));
      append_rows(json.at("environment"), document.environment);
      append_rows(json.at("ranks"), document.ranks);
    } else if (auto const start = json.find("start"); start != json.end()) {
      CaseAttempts& attempts = content_.attempts[start->get<std::string>()];
      ++attempts.total;
      ++attempts.open;
    } else if (auto const abandoned = json.find("abandoned"); abandoned != json.end()) {
      CaseAttempts& attempts = content_.attempts[abandoned->get<std::string>()];
      attempts.open = std::max(attempts.open - 1, 0);
    } else if (auto const done = json.find("done"); done != json.end()) {
      keep(record_of_json(*done));
      if (auto const levels = json.find("convergence"); levels != json.end())
        replace_groups(document.convergence, rows_of_json<ConvergenceRow>(*levels));
    } else if (auto const end = json.find("end"); end != json.end()) {
      document.runs.at(document.runs.size() - 1) = row_of_json<RunRow>(*end);
      document.convergence = rows_of_json<ConvergenceRow>(json.at("convergence"));
      document.finalized = json.at("finalized");
    } else {
      throw std::runtime_error("of an unknown kind");
    }
  }

  void keep(CaseRecord record) {
    std::string const& id = record.row.case_id;
    CaseAttempts& attempts = content_.attempts[id];
    attempts = {.total = std::max(attempts.total, record.row.attempts), .open = 0};
    auto const [place, is_new] = places_.emplace(id, content_.document.cases.size());
    if (is_new)
      content_.document.cases.push_back(std::move(record));
    else
      content_.document.cases[place->second] = std::move(record);
  }

  JournalContent content_;
  std::map<std::string, std::size_t> places_;
};

[[noreturn]] void fail(std::string_view action, std::filesystem::path const& path, int error) {
  throw EnvironmentError(
      fmt::format("cannot {} '{}': {}", action, path.string(), std::generic_category().message(error)));
}

}  // namespace

void replace_groups(std::vector<ConvergenceRow>& all, std::vector<ConvergenceRow> const& rows) {
  std::erase_if(all, [&](ConvergenceRow const& known) {
    return std::ranges::any_of(rows, [&](ConvergenceRow const& row) { return row.case_group == known.case_group; });
  });
  all.insert(all.end(), rows.begin(), rows.end());
}

JournalContent read_journal(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UsageError(fmt::format("'{}': {}", path.string(), std::generic_category().message(errno)));
  Replay replay;
  std::size_t number = 0;
  try {
    for (std::string text; std::getline(file, text);) {
      if (file.eof()) break;  // no end of line: torn
      replay.line(text, ++number);
    }
    if (number == 0) throw std::runtime_error("empty or torn in its first line");
  } catch (std::exception const& error) {
    throw UsageError(fmt::format("'{}': {}", path.string(), error.what()));
  }
  return std::move(replay).finished();
}

Journal::Journal(std::filesystem::path path, ResultDocument const& document, AttemptsById const& attempts)
    : path_(std::move(path)) {
  AtomicFile file(path_);
  auto const put = [&file](std::string const& line) { file.write(std::as_bytes(std::span<char const>(line))); };
  put(line_of(header_json(document)));
  for (std::size_t run = 0; run < document.runs.size(); ++run) put(run_line(document, run));
  for (CaseRecord const& record : document.cases) put(line_of({{"done", record_json(record)}}));
  for (auto const& [id, count] : attempts) {
    for (std::int32_t i = 0; i < count.open; ++i) put(line_of({{"start", id}}));
  }
  file.commit();
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0) fail("open", path_, errno);
}

Journal::~Journal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Journal::append(std::string line) {
  struct stat before {};
  if (::fstat(descriptor_, &before) != 0) fail("look at", path_, errno);
  auto const undo_and_fail = [&](char const* action) {
    int const error = errno;
    // Only what was there before counts; should this fail, too, the line is torn and will be left out.
    if (::ftruncate(descriptor_, before.st_size) != 0) errno = error;
    fail(action, path_, error);
  };
  for (std::string_view left = line; !left.empty();) {
    auto const written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) undo_and_fail("write");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(descriptor_) != 0) undo_and_fail("flush");
}

void Journal::case_begins(std::string_view case_id) {
  append(line_of({{"start", std::string(case_id)}}));
}

void Journal::case_ends(CaseRecord const& record, std::vector<ConvergenceRow> const& convergence) {
  Json json = Json::object();
  json["done"] = record_json(record);
  if (!convergence.empty()) json["convergence"] = rows_json(convergence);
  append(line_of(json));
}

std::string Journal::words_of_abandoned(std::string_view case_id) {
  return line_of({{"abandoned", std::string(case_id)}});
}

void Journal::case_abandoned(std::string_view case_id) {
  append(words_of_abandoned(case_id));
}

void Journal::run_ends(ResultDocument const& document) {
  append(line_of({{"end", row_json(document.runs.back())},
                  {"convergence", rows_json(document.convergence)},
                  {"finalized", document.finalized}}));
}

void Journal::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) fail("remove", path_, errno);
}

}  // namespace retrace::results
