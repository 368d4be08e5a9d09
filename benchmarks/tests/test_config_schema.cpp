#include "benchmarks/config_keys.hpp"
#include "benchmarks/config_schema.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"
#include "benchmarks/units.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

/// Whether suites that the reader takes are valid and broken ones are not is tested on the program
/// (app/tests/test_plan.py), with somebody else's validator.
namespace retrace::test {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> keys_of(Json const& table) {
  std::vector<std::string> keys;
  for (auto const& item : table["properties"].items()) keys.push_back(item.key());
  return keys;
}

template <class Keys>
std::vector<std::string> as_texts(Keys const& keys) {
  return {keys.begin(), keys.end()};
}

TEST(ConfigSchema, has_the_keys_that_the_reader_knows) {
  Json const schema = config_schema(example_vocabulary());

  EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_EQ(keys_of(schema), as_texts(config::suite_keys));
  EXPECT_EQ(keys_of(schema["properties"]["run"]), as_texts(config::run_keys));
  EXPECT_EQ(keys_of(schema["definitions"]["matrix"]), as_texts(config::matrix_keys));
  Json const& control = schema["definitions"]["control"]["properties"];
  EXPECT_EQ(keys_of(control["adaptive"]), as_texts(config::adaptive_keys));
  EXPECT_EQ(keys_of(control["fixed"]), as_texts(config::fixed_keys));
}

TEST(ConfigSchema, follows_the_vocabulary) {
  Vocabulary vocabulary = example_vocabulary();
  vocabulary.methods.emplace_back("brand_new");
  vocabulary.problems.push_back(
      ensemble("pendulum", "oscillator", 1.0,
               {{.name = "damping", .default_number = 0.5, .minimum = 0.0, .description = "of it"}}));

  Json const matrix = config_schema(vocabulary)["definitions"]["matrix"];

  EXPECT_EQ(matrix["properties"]["method"]["anyOf"][0]["enum"].back(), "brand_new");
  Json const& rule = matrix["allOf"].back();
  EXPECT_EQ(rule["if"]["properties"]["problem"]["anyOf"][0]["const"], "pendulum");
  Json const& argument = rule["then"]["properties"]["problem_args"]["properties"]["damping"];
  EXPECT_EQ(argument["description"], "of it");
  EXPECT_EQ(argument["default"], 0.5);
  EXPECT_EQ(argument["anyOf"][0]["minimum"], 0);
}

TEST(ConfigSchema, defaults_are_those_of_the_reader) {
  Json const schema = config_schema(example_vocabulary());
  Suite const suite = parse(valid_suite());

  for (auto const& [key, property] : schema["properties"]["run"]["properties"].items())
    EXPECT_EQ(property["default"], Json(suite.effective["run"][key])) << key;
}

bool accepts(std::string const& pattern, std::string const& text) {
  return std::regex_search(text, std::regex(pattern));
}

TEST(Units, patterns_accept_what_the_readers_accept) {
  for (std::string const text : {"200ms", "10min", "1h30min", "2.5 s", "1e-3s", ".5h", "5.h", "1 h 30 m", "0s"}) {
    EXPECT_NO_THROW(static_cast<void>(parse_duration(text))) << text;
    EXPECT_TRUE(accepts(duration_pattern(), text)) << text;
  }
  for (std::string const text : {"", "200", "ms", "-1s", "1 hour", "1s 2", "s1", " 1s", "nan s", "infs", "1s;"}) {
    EXPECT_NE(message_of([&] { static_cast<void>(parse_duration(text)); }), "(no error)") << text;
    EXPECT_FALSE(accepts(duration_pattern(), text)) << text;
  }
  for (std::string const text : {"64KiB", "1.5 GB", "12B", "0B", "1e3kB"}) {
    EXPECT_NO_THROW(static_cast<void>(parse_byte_size(text))) << text;
    EXPECT_TRUE(accepts(byte_size_pattern(), text)) << text;
  }
  for (std::string const text : {"", "64", "64kb", "-1B", "1B 2B", "KiB", "1 KiBs"}) {
    EXPECT_NE(message_of([&] { static_cast<void>(parse_byte_size(text)); }), "(no error)") << text;
    EXPECT_FALSE(accepts(byte_size_pattern(), text)) << text;
  }
}

}  // namespace
}  // namespace retrace::test
