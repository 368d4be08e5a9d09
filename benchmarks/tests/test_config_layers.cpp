#include "benchmarks/config_layers.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retrace::test {
namespace {

Suite layered(std::vector<std::string> const& texts, std::vector<std::string> const& overrides = {}) {
  std::vector<ConfigText> files;
  for (std::string const& text : texts)
    files.push_back({std::string(1, static_cast<char>('a' + files.size())) + ".toml", text});
  return parse_suite(files, overrides, example_vocabulary());
}
std::string layered_error(std::vector<std::string> const& texts, std::vector<std::string> const& overrides = {}) {
  return message_of([&] { static_cast<void>(layered(texts, overrides)); });
}

TEST(Layers, later_files_win_key_by_key) {
  Suite const suite = layered({valid_suite() + "[run]\nrepeat = 3\nseed = 1\n", "schema = 1\n[run]\nrepeat = 4\n"});

  EXPECT_EQ(suite.run.repeat, 4);
  EXPECT_EQ(suite.run.seed, 1U);
  EXPECT_EQ(suite.sources.size(), 2U);
}

TEST(Layers, a_matrix_of_the_same_name_is_changed_and_another_is_added) {
  Suite const suite = layered({valid_suite(),
                               "schema = 1\n[[matrix]]\nname = \"m\"\nmethod = \"naive\"\n[[matrix]]\n"
                               "name = \"new\"\nproblem = \"lorenz63\"\n" +
                                   method_line + "\n" + solver_line + "\n" + control_line + "\n"});

  EXPECT_EQ(ids_of(suite),
            (std::vector<std::string>{"linear/naive/dormand_prince54/rtol1e-6-atol1e-6/n1/f64/default",
                                      "lorenz63/aca/dormand_prince54/rtol1e-6-atol1e-6/n1/f64/default"}));
}

TEST(Layers, errors_name_the_file_of_the_offending_line) {
  EXPECT_EQ(layered_error({valid_suite(), "schema = 1\n[run]\nrepeat = 0\n"}),
            "b.toml:3:10: 'repeat' must be an integer >= 1 and <= 1e5, not the integer 0");
  EXPECT_EQ(layered_error({valid_suite(), "[run]\nrepeat = 1\n"}), "b.toml:1:1: needs the key 'schema = 1'");
  EXPECT_EQ(layered_error({}), "no suite is given; name a file with --config or a built-in one with --suite");
}

TEST(Layers, two_matrices_of_one_file_need_two_names) {
  std::string const text = valid_suite() + "[[matrix]]\nname = \"m\"\n";

  EXPECT_EQ(layered_error({text}), "a.toml:8:1: a matrix named 'm' is already at a.toml:2:1");
  EXPECT_EQ(layered_error({valid_suite(), text}), "b.toml:8:1: a matrix named 'm' is already at b.toml:2:1");
}

TEST(Override, changes_any_key) {
  Suite const suite = layered({valid_suite()}, {"run.repeat=3", "title = \"x\"", "run.min_time=\"5ms\"",
                                                "checks.taylor.enable=true", "report.cost=\"bytes\""});

  EXPECT_EQ(suite.run.repeat, 3);
  EXPECT_EQ(suite.title, "x");
  EXPECT_DOUBLE_EQ(suite.run.min_time_seconds, 0.005);
  EXPECT_EQ(suite.cases.front().checks["taylor"]["enable"], true);
  EXPECT_EQ(suite.report.cost, "bytes");
  EXPECT_EQ(suite.effective["run"]["repeat"], 3);
  EXPECT_EQ(suite.overrides.size(), 5U);
}

TEST(Override, the_last_one_wins) {
  EXPECT_EQ(layered({valid_suite()}, {"run.repeat=3", "run.repeat=4"}).run.repeat, 4);
}

TEST(Override, reaches_into_a_matrix_by_its_name) {
  Suite const suite = layered({valid_suite()}, {"matrix.m.method=[\"aca\", \"naive\"]", "matrix.m.problem_args.n=5",
                                                "matrix.m.control.adaptive.rtol=1e-3"});

  EXPECT_EQ(ids_of(suite),
            (std::vector<std::string>{"linear/aca/dormand_prince54/rtol1e-3-atol1e-3/n5/f64/default",
                                      "linear/naive/dormand_prince54/rtol1e-3-atol1e-3/n5/f64/default"}));
}

TEST(Override, is_held_to_the_schema) {
  auto const error = [](std::string const& assignment) { return layered_error({valid_suite()}, {assignment}); };

  EXPECT_EQ(error("run.repeat=0"),
            "--set run.repeat=0: 'repeat' must be an integer >= 1 and <= 1e5, not the integer 0");
  EXPECT_EQ(error("run.repaet=1"), "--set run.repaet=1: [run]: unknown key 'repaet'; did you mean 'repeat'?");
  EXPECT_EQ(error("matrix.mm.method=\"aca\""),
            "--set matrix.mm.method=\"aca\": unknown matrix 'mm'; did you mean 'm'?");
  EXPECT_EQ(error("matrix=3"), "--set matrix=3: 'matrix' must be a list of tables, each begun by [[matrix]]");
  EXPECT_EQ(error("run.repeat"), "--set run.repeat: expected one KEY=VALUE, such as run.repeat=3");
  EXPECT_EQ(error("run.repeat=1\ntitle=\"x\"").substr(0, 18), "--set run.repeat=1");
  EXPECT_EQ(error("=3").substr(0, 9), "--set =3:");
}

TEST(Override, explains_that_text_needs_quotes) {
  std::string const message = layered_error({valid_suite()}, {"run.min_time=5ms"});

  EXPECT_EQ(message.substr(0, 24), "--set run.min_time=5ms: ");
  EXPECT_NE(message.find("(the value is TOML: text needs quotes, as in --set 'run.min_time=\"5ms\"')"),
            std::string::npos);
}

}  // namespace
}  // namespace retrace::test
