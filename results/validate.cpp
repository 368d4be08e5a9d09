#include "results/validate.hpp"

#include "results/result_file.hpp"

#include <fmt/format.h>
#include <hdf5_hl.h>

#include <array>
#include <exception>
#include <map>
#include <set>
#include <utility>

namespace retrace::results {

namespace {

/// A table as the checks need it, without its row type.
struct TableView {
  std::string_view name, scale;
  std::vector<ColumnSpec> columns;
  int since = 0;
};

std::vector<TableView> all_tables() {
  std::vector<TableView> tables;
  Tables const none;
  for_each_table(none, [&]<class Row>(std::vector<Row> const&) {
    TableView table{Table<Row>::name, Table<Row>::scale, {}, table_since<Row>};
    for (Column<Row> const& column : Table<Row>::columns) table.columns.push_back(column.spec);
    tables.push_back(std::move(table));
  });
  return tables;
}

/// Path of the scale that a column's dimension refers to, or empty. H5DSis_attached would say no more, and leaks ids,
/// which HDF5 complains about at exit, when some column of the table has been deleted.
std::string attached_scale(hid_t column) {
  constexpr char const* name = "DIMENSION_LIST";  // HDF5 Dimension Scale Specification
  if (h5_check(H5Aexists(column, name), name) == 0) return {};
  H5Attribute const attribute(H5Aopen(column, name, H5P_DEFAULT), name);
  H5Type const found(H5Aget_type(attribute), name);
  H5Space const space(H5Aget_space(attribute), name);
  if (H5Tget_class(found) != H5T_VLEN || H5Sget_simple_extent_npoints(space) != 1) return {};
  H5Type const type(H5Tvlen_create(H5T_STD_REF_OBJ), name);
  hvl_t references{};
  detail::Reclaim const reclaim(type, space, &references);
  h5_check(H5Aread(attribute, type, &references), name);
  if (references.len != 1) return {};
  std::array<char, 256> path{};
  auto const length = H5Rget_name(column, H5R_OBJECT, references.p, path.data(), path.size());
  return length > 0 ? std::string(path.data()) : std::string();
}

class Validator {
 public:
  explicit Validator(hid_t file) : file_(file) {}

  [[nodiscard]] std::vector<Finding> run() && {
    check_root();
    check_config();
    for (TableView const& table : tables_) guarded(path_of(table), [&] { measure(table); });
    for (TableView const& table : tables_) {
      if (rows_.contains(table.name)) guarded(path_of(table), [&] { check_table(table); });
    }
    check_lengths();
    guarded("/cases", [&] { check_unique_cases(); });
    guarded("/runs", [&] { check_finished(); });
    return std::move(findings_);
  }

 private:
  static std::string path_of(TableView const& table) { return fmt::format("/{}", table.name); }

  void find(std::string where, std::string what) { findings_.push_back({std::move(where), std::move(what)}); }

  template <class Check>
  void guarded(std::string const& where, Check const& check) {
    try {
      check();
    } catch (std::exception const& error) {
      find(where, error.what());
    }
  }

  void check_root() {
    guarded("/", [&] { minor_ = detail::minor_of(detail::checked_schema_version(file_)); });
    for (char const* name : {"title", "created_utc", "modified_utc", "generator", "license", "history"}) {
      guarded("/", [&] {
        if (!detail::text_attribute(file_, name)) find("/", fmt::format("attribute '{}' missing or not a text", name));
      });
    }
    guarded("/", [&] {  // since version 1.1
      if (H5Aexists(file_, "planned_cases") > 0 && !detail::number_attribute(file_, "planned_cases"))
        find("/", "attribute 'planned_cases' is not an int64");
    });
    guarded("/", [&] {
      auto const value = detail::code_attribute(file_, "finalized");
      if (!value || value->size() != 1 || value->front() > 1) {
        find("/", "attribute 'finalized' missing or not a uint8 0 or 1");
      } else {
        finalized_ = value->front() == 1;
      }
    });
  }

  void check_config() {
    for (char const* name : {"toml", "effective_json", "sha256"}) {
      guarded(fmt::format("/config/{}", name), [&] {
        H5Group const group = detail::open_table(file_, "config");
        (void)detail::read_scalar_text(group, name);
      });
    }
  }

  void measure(TableView const& table) {
    if (minor_ < table.since && !detail::has_child(file_, table.name)) return;
    H5Group const group = detail::open_table(file_, table.name);
    rows_[table.name] = detail::table_rows(group, table.scale);
  }

  void check_table(TableView const& table) {
    H5Group const group = detail::open_table(file_, table.name);
    H5Dataset const scale(H5Dopen2(group, std::string(table.scale).c_str(), H5P_DEFAULT), table.scale);
    check_scale(table, group, scale);
    for (ColumnSpec const& spec : table.columns) {
      std::string const where = fmt::format("/{}/{}", table.name, spec.name);
      guarded(where, [&] { check_column(where, table, group, spec); });
    }
  }

  void check_scale(TableView const& table, hid_t group, hid_t scale) {
    std::string const where = fmt::format("/{}/{}", table.name, table.scale);
    if (H5DSis_scale(scale) <= 0) find(where, "not a dimension scale");
    ColumnSpec const spec{table.scale, "1", "", ColumnType::int64, {}, {}, 0};
    auto const values = detail::read_column<std::int64_t>(group, spec, rows_.at(table.name));
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (values[row] != static_cast<std::int64_t>(row)) {
        find(where, fmt::format("row {} holds {}, expected {}", row, values[row], row));
        return;
      }
    }
  }

  void check_column(std::string const& where, TableView const& table, hid_t group, ColumnSpec const& spec) {
    hsize_t const rows = rows_.at(table.name);
    if (detail::is_older_than(group, spec, minor_)) return;
    if (auto const defect = detail::column_defect(group, spec, rows)) return find(where, *defect);
    H5Dataset const dataset(H5Dopen2(group, std::string(spec.name).c_str(), H5P_DEFAULT), spec.name);
    if (attached_scale(dataset) != fmt::format("/{}/{}", table.name, table.scale))
      find(where, "the dimension scale is not attached");
    expect_text(where, dataset, "long_name", spec.long_name);
    if (spec.type == ColumnType::text) {
      (void)detail::read_texts(group, spec, rows);
      return;
    }
    expect_text(where, dataset, "units", spec.units);
    check_values(where, group, dataset, spec, rows);
  }

  void expect_text(std::string const& where, hid_t dataset, char const* name, std::string_view expected) {
    auto const found = detail::text_attribute(dataset, name);
    if (!found) {
      find(where, fmt::format("attribute '{}' missing or not a text", name));
    } else if (*found != expected) {
      find(where, fmt::format("attribute '{}' is '{}', expected '{}'", name, *found, expected));
    }
  }

  void check_values(std::string const& where, hid_t group, hid_t dataset, ColumnSpec const& spec, hsize_t rows) {
    switch (spec.type) {
      case ColumnType::code:
        return check_codes(where, group, dataset, spec, rows);
      case ColumnType::float64:
        (void)detail::read_column<double>(group, spec, rows);
        return;
      case ColumnType::uint64:
        (void)detail::read_column<std::uint64_t>(group, spec, rows);
        return;
      case ColumnType::int32:
        (void)detail::read_column<std::int32_t>(group, spec, rows);
        break;
      case ColumnType::int64:
        check_index(where, spec, detail::read_column<std::int64_t>(group, spec, rows));
        break;
      case ColumnType::text:
        return;
    }
    if (may_be_missing(spec)) expect_text(where, dataset, "missing_value_meaning", missing_value_meaning);
  }

  void check_codes(std::string const& where, hid_t group, hid_t dataset, ColumnSpec const& spec, hsize_t rows) {
    auto const values = detail::code_attribute(dataset, "flag_values");
    bool counts_up = values && values->size() == spec.flags.size();
    for (std::size_t i = 0; counts_up && i < values->size(); ++i) counts_up = (*values)[i] == i;
    if (!counts_up) find(where, fmt::format("attribute 'flag_values' is not 0 … {} in uint8", spec.flags.size() - 1));
    expect_text(where, dataset, "flag_meanings", flag_meanings(spec));
    std::string const problem = detail::code_out_of_range(spec, detail::read_column<std::uint8_t>(group, spec, rows));
    if (!problem.empty()) find(where, problem);
  }

  void check_index(std::string const& where, ColumnSpec const& spec, std::vector<std::int64_t> const& values) {
    auto const target = rows_.find(spec.index_into);
    if (spec.index_into.empty() || target == rows_.end()) return;
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (values[row] >= 0 && static_cast<hsize_t>(values[row]) < target->second) continue;
      find(where,
           fmt::format("row {} holds {}, but /{} has {} rows", row, values[row], spec.index_into, target->second));
      return;
    }
  }

  void check_lengths() {
    for (std::string_view name : {"accuracy", "cost"}) {
      if (!rows_.contains(name) || !rows_.contains("cases") || rows_["cases"] == rows_[name]) continue;
      find(fmt::format("/{}", name), fmt::format("{} rows, but /cases has {}", rows_[name], rows_["cases"]));
    }
  }

  void check_unique_cases() {
    if (!rows_.contains("cases")) return;
    H5Group const group = detail::open_table(file_, "cases");
    ColumnSpec const id{"case_id", "", "", ColumnType::text, {}, {}, 0};
    ColumnSpec const run{"run", "1", "", ColumnType::int64, {}, {}, 0};
    hsize_t const rows = rows_["cases"];
    if (detail::column_defect(group, id, rows) || detail::column_defect(group, run, rows)) return;  // found already
    auto const ids = detail::read_texts(group, id, rows);
    auto const runs = detail::read_column<std::int64_t>(group, run, rows);
    std::set<std::pair<std::int64_t, std::string>> seen;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (!seen.emplace(runs[row], ids[row]).second) {
        find("/cases", fmt::format("case '{}' occurs twice in run {}", ids[row], runs[row]));
      }
    }
  }

  void check_finished() {
    if (!finalized_ || !rows_.contains("runs") || rows_["runs"] == 0) return;
    H5Group const group = detail::open_table(file_, "runs");
    ColumnSpec const spec{"ended_by", "1", "", ColumnType::code, code_names<EndedBy>, {}, 0};
    if (detail::column_defect(group, spec, rows_["runs"])) return;  // found already
    auto const ended = static_cast<EndedBy>(detail::read_column<std::uint8_t>(group, spec, rows_["runs"]).back());
    if (ended != EndedBy::finished) {
      find("/", fmt::format("finalized, but the last run ended by {}", name_of(ended)));
    }
  }

  hid_t file_;
  std::vector<TableView> tables_ = all_tables();
  std::map<std::string_view, hsize_t> rows_;  // of the tables whose scale could be read
  bool finalized_ = false;
  int minor_ = 0;  // of the file's schema
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> validate(std::filesystem::path const& path) {
  H5Silence const silence;
  try {
    H5File const file = detail::open_result(path);
    return Validator(file).run();
  } catch (std::exception const& error) {
    return {{"/", error.what()}};
  }
}

}  // namespace retrace::results
