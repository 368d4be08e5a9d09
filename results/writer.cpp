#include "results/writer.hpp"

#include "core/error.hpp"
#include "results/atomic_file.hpp"
#include "results/h5_io.hpp"
#include "results/seal.hpp"
#include "results/shared_texts.hpp"
#include "results/tables.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <hdf5_hl.h>

#include <chrono>
#include <numeric>
#include <span>

namespace retrace::results {

namespace {

/// Properties that make the order of creation the order of listing: tables and columns as in the schema.
H5Properties ordered(hid_t property_class) {
  H5Properties properties(H5Pcreate(property_class), "make creation properties");
  h5_check(H5Pset_link_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "order links");
  return properties;
}

/// One group with its dimension scale and columns of equal length.
class TableWriter {
 public:
  TableWriter(hid_t file, detail::SharedTexts const& texts, std::string_view name, std::string_view scale,
              std::string_view description, hsize_t rows)
      : rows_(rows),
        texts_(&texts),
        space_(make_space(rows)),
        column_properties_(make_column_properties(true)),
        text_properties_(make_column_properties(false)),
        group_(make_group(file, name)),
        scale_(make_scale(scale)) {
    detail::set_attribute(group_, "description", description);
  }

  void write_numbers(ColumnSpec const& spec, void const* values) {
    H5Dataset const dataset = make_column(spec, detail::file_type(spec.type), column_properties_);
    if (rows_ > 0)
      h5_check(H5Dwrite(dataset, detail::memory_type(spec.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
               fmt::format("write column '{}'", spec.name));
    finish(dataset, spec);
  }

  void write_texts(ColumnSpec const& spec, std::span<std::string_view const> values) {
    H5Dataset const dataset = make_column(spec, detail::text_type(), text_properties_);
    texts_->write(dataset, values);
    finish(dataset, spec);
  }

 private:
  // Extendible, so that a table without rows may be chunked like any other.
  static H5Space make_space(hsize_t rows) {
    hsize_t const limit = H5S_UNLIMITED;
    return {H5Screate_simple(1, &rows, &limit), "make the dataspace of a column"};
  }

  static H5Properties make_column_properties(bool of_numbers) {
    H5Properties properties(H5Pcreate(H5P_DATASET_CREATE), "make creation properties");
    hsize_t const chunk = detail::chunk_rows;
    h5_check(H5Pset_chunk(properties, 1, &chunk), "set chunks");
    if (of_numbers) h5_check(H5Pset_shuffle(properties), "set shuffle");
    h5_check(H5Pset_deflate(properties, detail::deflate_level), "set deflate");
    h5_check(H5Pset_attr_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), "order attributes");
    return properties;
  }

  static H5Group make_group(hid_t file, std::string_view name) {
    return {H5Gcreate2(file, std::string(name).c_str(), H5P_DEFAULT, ordered(H5P_GROUP_CREATE), H5P_DEFAULT),
            fmt::format("make table /{}", name)};
  }

  H5Dataset make_scale(std::string_view name) {
    std::string const text(name);
    H5Dataset scale(
        H5Dcreate2(group_, text.c_str(), H5T_STD_I64LE, space_, H5P_DEFAULT, column_properties_, H5P_DEFAULT),
        fmt::format("make scale '{}'", name));
    std::vector<std::int64_t> numbers(rows_);
    std::iota(numbers.begin(), numbers.end(), 0);
    if (rows_ > 0) h5_check(H5Dwrite(scale, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()), text);
    h5_check(H5DSset_scale(scale, text.c_str()), fmt::format("make '{}' a dimension scale", name));
    detail::set_attribute(scale, "units", "1");
    detail::set_attribute(scale, "long_name", "row number");
    return scale;
  }

  [[nodiscard]] H5Dataset make_column(ColumnSpec const& spec, hid_t type, hid_t properties) const {
    std::string const name(spec.name);
    return {H5Dcreate2(group_, name.c_str(), type, space_, H5P_DEFAULT, properties, H5P_DEFAULT),
            fmt::format("make column '{}'", name)};
  }

  void finish(hid_t dataset, ColumnSpec const& spec) const {
    h5_check(H5DSattach_scale(dataset, scale_, 0), fmt::format("attach the scale to column '{}'", spec.name));
    set_attributes(dataset, spec);
  }

  static void set_attributes(hid_t dataset, ColumnSpec const& spec) {
    detail::set_attribute(dataset, "long_name", spec.long_name);
    if (spec.type == ColumnType::text) return;
    detail::set_attribute(dataset, "units", spec.units);
    if (may_be_missing(spec)) {
      detail::set_attribute(dataset, "missing_value_meaning", missing_value_meaning);
    }
    if (spec.type == ColumnType::code) {
      std::vector<std::uint8_t> values(spec.flags.size());
      std::iota(values.begin(), values.end(), std::uint8_t{0});
      detail::set_attribute(dataset, "flag_values", values);
      detail::set_attribute(dataset, "flag_meanings", flag_meanings(spec));
    }
    if (!spec.index_into.empty()) detail::set_attribute(dataset, "index_into", fmt::format("/{}", spec.index_into));
  }

  hsize_t rows_;
  detail::SharedTexts const* texts_;
  H5Space space_;
  H5Properties column_properties_, text_properties_;
  H5Group group_;
  H5Dataset scale_;
};

template <class Row, class Value>
void write_column(TableWriter& table, RowsOfTable<Row> const& found, ColumnSpec const& spec, Value Row::*member) {
  if constexpr (requires { &Row::case_index; } && std::is_same_v<Value, std::int64_t>) {
    if (member == &Row::case_index) return table.write_numbers(spec, found.cases.data());
  }
  using Stored = std::conditional_t<std::is_same_v<Value, std::string>, std::string_view,
                                    std::conditional_t<NamedCode<Value>, std::uint8_t, Value>>;
  std::vector<Stored> values;
  values.reserve(found.rows.size());
  for (Row const* row : found.rows) values.push_back(static_cast<Stored>(row->*member));
  if constexpr (std::is_same_v<Value, std::string>)
    table.write_texts(spec, values);
  else
    table.write_numbers(spec, values.data());
}

template <class Row>
void write_table(hid_t file, detail::SharedTexts const& texts, RowsOfTable<Row> const& found) {
  TableWriter table(file, texts, Table<Row>::name, Table<Row>::scale, Table<Row>::description, found.rows.size());
  for (Column<Row> const& column : Table<Row>::columns) {
    std::visit([&](auto member) { write_column(table, found, column.spec, member); }, column.member);
  }
}

void write_root_attributes(hid_t file, ResultDocument const& document) {
  std::string const now = utc_now();
  detail::set_attribute(file, "schema_name", schema_name);
  detail::set_attribute(file, "schema_version", schema_version);
  detail::set_attribute(file, "title", document.title);
  detail::set_attribute(file, "created_utc", document.created_utc.empty() ? now : document.created_utc);
  detail::set_attribute(file, "modified_utc", now);
  detail::set_attribute(file, "finalized", static_cast<std::uint8_t>(document.finalized ? 1 : 0));
  if (document.planned_cases >= 0) detail::set_attribute(file, "planned_cases", document.planned_cases);
  detail::set_attribute(file, "generator", document.generator);
  detail::set_attribute(file, "license", document.license);
  detail::set_attribute(file, "history", document.history);
}

void write_config(hid_t file, ConfigText const& config) {
  H5Group const group(H5Gcreate2(file, "config", H5P_DEFAULT, ordered(H5P_GROUP_CREATE), H5P_DEFAULT), "make /config");
  detail::write_scalar_text(group, "toml", config.toml);
  detail::write_scalar_text(group, "effective_json", config.effective_json);
  detail::write_scalar_text(group, "sha256", config.sha256);
  detail::write_scalar_text(group, "request_json", config.request_json);
}

H5File make_memory_file() {
  H5Properties const access(H5Pcreate(H5P_FILE_ACCESS), "make access properties");
  constexpr std::size_t growth = std::size_t{1} << 20U;
  h5_check(H5Pset_fapl_core(access, growth, false), "choose a file in memory");
  h5_check(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "set library bounds");
  // Closing fails if anything in the file is still open, instead of keeping it alive.
  h5_check(H5Pset_fclose_degree(access, H5F_CLOSE_SEMI), "set close degree");
  H5Properties const creation = ordered(H5P_FILE_CREATE);
  constexpr unsigned branching = 4;  // of the index of chunks: its nodes of 2 kB would be most of a small file
  h5_check(H5Pset_istore_k(creation, branching), "set the size of chunk indices");
  return {H5Fcreate("retrace-result-in-memory", H5F_ACC_TRUNC, creation, access), "make a file in memory"};
}

}  // namespace

std::string utc_now() {
  auto const now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

std::vector<std::byte> file_image(ResultDocument const& document) {
  H5Silence const silence;
  H5File file = make_memory_file();
  write_root_attributes(file, document);
  write_config(file, document.config);
  detail::SharedTexts const texts;
  for_each_table(
      Tables{}, [&]<class Row>(std::vector<Row> const& /*none*/) { write_table(file, texts, rows_of<Row>(document)); });
  h5_check(H5Fflush(file, H5F_SCOPE_LOCAL), "flush the file in memory");
  auto const size = h5_check(H5Fget_file_image(file, nullptr, 0), "size of the file in memory");
  std::vector<std::byte> image(static_cast<std::size_t>(size));
  h5_check(H5Fget_file_image(file, image.data(), image.size()), "copy the file in memory");
  file.close("close the file in memory");
  append_seal(image);
  return image;
}

void write_snapshot(std::filesystem::path const& path, ResultDocument const& document) {
  std::vector<std::byte> const image = file_image(document);
  AtomicFile file(path);
  file.write(image);
  file.commit();
}

void check_output_name(std::filesystem::path const& path) {
  if (path.empty()) throw UsageError("the output file has no name");
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw UsageError(fmt::format("output '{}' is a folder; expected the name of a new file", path.string()));
  std::filesystem::path const folder = path.parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
    throw UsageError(fmt::format("output '{}': there is no folder '{}'", path.string(), folder.string()));
}

void claim_output(std::filesystem::path const& path) {
  check_output_name(path);
  std::error_code ignored;
  // Not exists(): a link that points nowhere is in the way too.
  if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
    throw UsageError(
        fmt::format("output '{}' exists and is not overwritten; choose another with -o or remove it", path.string()));
  }
  AtomicFile probe(path);
  std::byte const byte{0};
  probe.write({&byte, 1});
  probe.sync();
}

}  // namespace retrace::results
