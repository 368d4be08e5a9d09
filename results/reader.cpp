#include "results/reader.hpp"

#include "core/error.hpp"
#include "results/result_file.hpp"
#include "results/tables.hpp"

#include <fmt/format.h>

#include <exception>
#include <type_traits>

namespace retrace::results {

namespace {

template <class Row, class Value>
void read_column_into(hid_t group, ColumnSpec const& spec, Value Row::*member, std::vector<Row>& rows) {
  if constexpr (std::is_same_v<Value, std::string>) {
    std::vector<std::string> values = detail::read_texts(group, spec, rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row].*member = std::move(values[row]);
  } else if constexpr (NamedCode<Value>) {
    auto const codes = detail::read_column<std::uint8_t>(group, spec, rows.size());
    if (std::string const problem = detail::code_out_of_range(spec, codes); !problem.empty()) throw H5Error(problem);
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row].*member = static_cast<Value>(codes[row]);
  } else {
    auto const values = detail::read_column<Value>(group, spec, rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row].*member = values[row];
  }
}

template <class Row>
void read_table(hid_t file, int minor, std::vector<Row>& rows) {
  if (minor < table_since<Row> && !detail::has_child(file, Table<Row>::name)) return;
  H5Group const group = detail::open_table(file, Table<Row>::name);
  hsize_t const count = detail::table_rows(group, Table<Row>::scale);
  rows.resize(count);
  for (Column<Row> const& column : Table<Row>::columns) {
    auto const where = [&](std::string_view what) {
      return H5Error(fmt::format("/{}/{}: {}", Table<Row>::name, column.spec.name, what));
    };
    if (detail::is_older_than(group, column.spec, minor)) continue;
    if (auto const defect = detail::column_defect(group, column.spec, count)) throw where(*defect);
    try {
      std::visit([&](auto member) { read_column_into(group, column.spec, member, rows); }, column.member);
    } catch (H5Error const& error) {
      throw where(error.what());
    }
  }
}

std::string required_text(hid_t file, char const* name) {
  auto text = detail::text_attribute(file, name);
  if (!text) throw H5Error(fmt::format("the root attribute '{}' is missing or not a text", name));
  return *std::move(text);
}

ResultDocument read_open_file(hid_t file) {
  ResultDocument document;
  document.schema_version = detail::checked_schema_version(file);
  document.title = required_text(file, "title");
  document.created_utc = required_text(file, "created_utc");
  document.modified_utc = required_text(file, "modified_utc");
  document.generator = required_text(file, "generator");
  document.license = required_text(file, "license");
  document.history = required_text(file, "history");
  auto const finalized = detail::code_attribute(file, "finalized");
  if (!finalized) throw H5Error("the root attribute 'finalized' is missing or not a uint8");
  document.finalized = finalized->front() != 0;
  document.planned_cases = detail::number_attribute(file, "planned_cases").value_or(-1);

  H5Group const config = detail::open_table(file, "config");
  document.config.toml = detail::read_scalar_text(config, "toml");
  document.config.effective_json = detail::read_scalar_text(config, "effective_json");
  document.config.sha256 = detail::read_scalar_text(config, "sha256");
  if (detail::has_child(config, "request_json")) {  // since version 1.1
    document.config.request_json = detail::read_scalar_text(config, "request_json");
  }

  int const minor = detail::minor_of(document.schema_version);
  Tables tables;
  for_each_table(tables, [&](auto& rows) { read_table(file, minor, rows); });
  if (std::string const problem = assemble(std::move(tables), document); !problem.empty()) throw H5Error(problem);
  return document;
}

}  // namespace

ResultDocument read_result(std::filesystem::path const& path) {
  H5Silence const silence;
  try {
    H5File const file = detail::open_result(path);
    return read_open_file(file);
  } catch (std::exception const& error) {  // damaged sizes may end in bad_alloc or length_error
    throw UsageError(fmt::format("'{}': {}", path.string(), error.what()));
  }
}

}  // namespace retrace::results
