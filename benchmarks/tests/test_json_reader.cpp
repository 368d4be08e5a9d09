#include "benchmarks/json_reader.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace retrace::test {
namespace {

using Kind = ConfigValue::Kind;

TEST(JsonReader, gives_the_tree_of_the_same_toml) {
  ConfigValue const json =
      parse_json(R"({"a": 1, "b": [1.5, true, "text \" with ∂ and A"], "c": {"d": [], "e": -2}, "f": 1e-3})", "s.json");
  ConfigValue const toml =
      parse_toml("a = 1\nb = [1.5, true, \"text \\\" with ∂ and A\"]\nc = { d = [], e = -2 }\nf = 1e-3\n", "s.toml");

  EXPECT_EQ(to_json(json), to_json(toml));
  EXPECT_TRUE(json.find("a")->is(Kind::integer));
  EXPECT_TRUE(json.find("f")->is(Kind::number));
  EXPECT_EQ(json.members.front().key, "a");  // in the order of the file
  EXPECT_EQ(json.members.back().key, "f");
}

TEST(JsonReader, knows_where_everything_stands) {
  ConfigValue const root =
      parse_json("{\n  \"key\": 12 ,\n  \"∂\\\"\\\\\": [ {\"x\":-1.5e3},\n\t\"y\" ]\n}\n", "s.json");

  EXPECT_EQ(root.position.text(), "s.json:1:1");
  EXPECT_EQ(root.members[0].position.text(), "s.json:2:3");
  EXPECT_EQ(root.members[0].value.position.text(), "s.json:2:10");
  EXPECT_EQ(root.members[1].position.text(), "s.json:3:3");
  ConfigValue const& list = root.members[1].value;
  EXPECT_EQ(list.position.text(), "s.json:3:12");
  EXPECT_EQ(list.items[0].position.text(), "s.json:3:14");
  EXPECT_EQ(list.items[0].find("x")->position.text(), "s.json:3:19");
  EXPECT_EQ(list.items[1].position.text(), "s.json:4:2");
}

std::string error_of(std::string const& text) {
  return message_of([&] { static_cast<void>(parse_json(text, "s.json")); });
}

TEST(JsonReader, says_where_and_what_is_wrong) {
  EXPECT_EQ(error_of("{\"a\": 1,\n \"a\": 2}"), "s.json:2:2: the key 'a' is given twice");
  EXPECT_EQ(error_of("{\"a\": null}"), "s.json:1:7: null says nothing here; leave the key out");
  EXPECT_EQ(error_of("{\"a\": 18446744073709551615}"),
            "s.json:1:7: the integer 18446744073709551615 does not fit into 64 bits");
  EXPECT_TRUE(error_of("{\"a\": 1,\n}").starts_with("s.json:2:1: Error while parsing JSON: "))
      << error_of("{\"a\": 1,\n}");
  EXPECT_TRUE(error_of("").starts_with("s.json:1:1: Error while parsing JSON: ")) << error_of("");
  EXPECT_TRUE(error_of("{\"a\": 1e999}").starts_with("s.json:1:")) << error_of("{\"a\": 1e999}");
  EXPECT_TRUE(error_of("{\"a\": // no comments\n 1}").starts_with("s.json:1:7")) << error_of("{\"a\": // no\n 1}");
}

TEST(JsonReader, a_byte_order_mark_is_no_character) {
  EXPECT_EQ(parse_json("\xEF\xBB\xBF{\"a\": 1}", "s.json").members.front().position.text(), "s.json:1:2");
}

std::string const json_suite = R"({
  "schema": 1,
  "matrix": [
    {"name": "m", "problem": "linear", "method": ["aca", "naive"], "solver": "dormand_prince54",
     "control": {"adaptive": {"rtol": [1e-3, 1e-6]}}}
  ]
})";

TEST(JsonSuite, expands_like_its_toml) {
  Suite const toml = parse(with_matrix({problem_line, "method = [\"aca\", \"naive\"]", solver_line,
                                        "control = { adaptive = { rtol = [1e-3, 1e-6] } }"}));

  Suite const json = parse_suite(json_suite, "s.json", example_vocabulary());

  EXPECT_EQ(ids_of(json), ids_of(toml));
  EXPECT_EQ(json.effective, toml.effective);
}

TEST(JsonSuite, mistakes_are_those_of_toml_with_places_in_the_json) {
  std::string text = json_suite;
  text.replace(text.find("dormand_prince54"), 16, "dormand_prince45");
  EXPECT_EQ(message_of([&] { static_cast<void>(parse_suite(text, "s.json", example_vocabulary())); }),
            "s.json:4:78: unknown solver 'dormand_prince45'; did you mean 'dormand_prince54'?");
  EXPECT_EQ(message_of([] { static_cast<void>(parse_suite("[1]", "s.json", example_vocabulary())); }),
            "s.json:1:1: a suite is a table of keys, not a list");
}

TEST(JsonSuite, goes_over_toml_and_under_options) {
  std::array const files{ConfigText{"s.toml", valid_suite()}, ConfigText{"more.json", R"({"schema": 1, "title": "More",
      "matrix": [{"name": "m", "method": "naive"}]})"}};
  std::array<std::string, 1> const overrides{"run.repeat=3"};

  Suite const suite = parse_suite(files, overrides, example_vocabulary());

  EXPECT_EQ(suite.title, "More");
  EXPECT_EQ(suite.run.repeat, 3);
  ASSERT_EQ(suite.cases.size(), 1U);
  EXPECT_EQ(suite.cases.front().method, "naive");
}

}  // namespace
}  // namespace retrace::test
