#include "benchmarks/json_reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;

/// Walks along the text beside the parser, which does not tell where its tokens stand.
class Places {
 public:
  Places(std::string_view text, std::string_view source_name)
      : text_(text), source_(std::make_shared<std::string const>(source_name)) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
  }

  /// Where the next key or value begins; stands behind it then, or behind the bracket that opens it.
  SourcePosition next() {
    while (at_ < text_.size() && std::string_view(" \t\r\n,:]}").find(text_[at_]) != std::string_view::npos) advance();
    SourcePosition const here = position();
    if (at_ == text_.size()) return here;
    if (text_[at_] == '"') {
      advance();
      while (at_ < text_.size() && text_[at_] != '"') {
        if (text_[at_] == '\\') advance();
        if (at_ < text_.size()) advance();
      }
      if (at_ < text_.size()) advance();
    } else if (text_[at_] == '{' || text_[at_] == '[') {
      advance();
    } else {
      while (at_ < text_.size() && std::string_view(" \t\r\n,:]}").find(text_[at_]) == std::string_view::npos)
        advance();
    }
    return here;
  }

  /// Of the byte of that number, from here on.
  SourcePosition of_byte(std::size_t byte) {
    while (at_ < byte && at_ < text_.size()) advance();
    return position();
  }

 private:
  [[nodiscard]] SourcePosition position() const { return {source_, line_, column_}; }

  void advance() {
    constexpr unsigned continuation_bits = 0xC0U, continuation = 0x80U;
    char const c = text_[at_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(c) & continuation_bits) != continuation) {
      ++column_;
    }
  }

  std::string_view text_;
  std::shared_ptr<std::string const> source_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

/// Builds the tree from the parser's events.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, std::string_view source_name) : places_(text, source_name) {}

  [[nodiscard]] ConfigValue take() { return std::move(*root_); }

  bool null() override { throw_at(places_.next(), "null says nothing here; leave the key out"); }
  bool boolean(bool value) override {
    ConfigValue& added = add(Kind::boolean);
    added.boolean = value;
    return true;
  }
  bool number_integer(std::int64_t value) override {
    add(Kind::integer).integer = value;
    return true;
  }
  bool number_unsigned(std::uint64_t value) override {
    ConfigValue& added = add(Kind::integer);
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      throw_at(added.position, fmt::format("the integer {} does not fit into 64 bits", value));
    added.integer = static_cast<std::int64_t>(value);
    return true;
  }
  bool number_float(double value, std::string const& /*text*/) override {
    add(Kind::number).number = value;
    return true;
  }
  bool string(std::string& value) override {
    add(Kind::text).text = std::move(value);
    return true;
  }
  bool binary(nlohmann::json::binary_t& /*value*/) override { return false; }  // JSON as text has none
  bool start_object(std::size_t /*size*/) override { return open(Kind::table); }
  bool start_array(std::size_t /*size*/) override { return open(Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    SourcePosition const position = places_.next();
    if (open_.back()->find(name) != nullptr) throw_at(position, fmt::format("the key '{}' is given twice", name));
    key_ = ConfigMember{std::move(name), position};
    return true;
  }

  bool parse_error(std::size_t byte, std::string const& /*token*/, nlohmann::detail::exception const& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what is wrong"
    std::string const all = error.what();
    std::size_t const column = all.find("column "), colon = all.find(": ", column == std::string::npos ? 0 : column);
    std::string const what = colon == std::string::npos ? all : all.substr(colon + 2);
    throw_at(places_.of_byte(byte > 0 ? byte - 1 : 0), "Error while parsing JSON: " + what);
  }

 private:
  /// A value in the table or list that is open. Values in open ones never move: the stack holds them by pointer, and
  /// nothing is added to their parent until they are closed.
  ConfigValue& add(Kind kind) {
    ConfigValue value;
    value.kind = kind;
    value.position = places_.next();
    if (open_.empty()) return root_.emplace(std::move(value));
    ConfigValue& parent = *open_.back();
    if (parent.is(Kind::list)) return parent.items.emplace_back(std::move(value));
    key_.value = std::move(value);
    return parent.members.emplace_back(std::exchange(key_, {})).value;
  }
  bool open(Kind kind) {
    open_.push_back(&add(kind));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Places places_;
  std::optional<ConfigValue> root_;
  std::vector<ConfigValue*> open_;
  ConfigMember key_;
};

}  // namespace

ConfigValue parse_json(std::string_view text, std::string_view source_name) {
  Builder builder(text, source_name);
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace retrace
