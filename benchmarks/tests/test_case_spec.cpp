#include "benchmarks/case_spec.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace retrace::test {
namespace {

CaseSpec lorenz_case() {
  CaseSpec spec;
  spec.problem = "lorenz63";
  spec.method = "aca";
  spec.solver = "dormand_prince54";
  spec.problem_args = {{"T", 3.0}, {"n", 1024}};
  spec.size = size_label(spec.problem_args, find_entry(example_vocabulary().problems, "lorenz63")->arguments);
  return spec;
}

TEST(CaseId, is_readable) {
  EXPECT_EQ(case_id(lorenz_case()), "lorenz63/aca/dormand_prince54/rtol1e-6-atol1e-6/n1024-T3/f64/default");
}

TEST(CaseId, of_fixed_steps) {
  CaseSpec spec = lorenz_case();
  spec.control = {.adaptive = false, .steps = 64};

  EXPECT_EQ(case_id(spec), "lorenz63/aca/dormand_prince54/steps64/n1024-T3/f64/default");
}

TEST(CaseId, names_controls_that_differ_from_the_default) {
  CaseSpec spec = lorenz_case();
  spec.control.initial_step = 0.5;
  spec.control.max_steps = 2000;
  spec.control.controller = "paper";
  spec.control.norm = "max";

  EXPECT_EQ(case_id(spec),
            "lorenz63/aca/dormand_prince54/rtol1e-6-atol1e-6-h0=0.5-max2000-paper-normmax/n1024-T3/f64/default");
}

/// Each changes one thing that defines the numbers of a case.
std::vector<std::function<void(CaseSpec&)>> const changes{
    [](CaseSpec& c) { c.problem = "linear"; },
    [](CaseSpec& c) { c.method = "naive"; },
    [](CaseSpec& c) { c.solver = "rk4"; },
    [](CaseSpec& c) { c.precision = "f32"; },
    [](CaseSpec& c) { c.backend = "serial"; },
    [](CaseSpec& c) {
      c.size = "n7";
      c.problem_args["n"] = 7;
    },
    [](CaseSpec& c) { c.control.rtol = 1e-7; },
    [](CaseSpec& c) { c.control.atol = 1.0000000000000002e-6; },
    [](CaseSpec& c) { c.control.initial_step = 1e-3; },
    [](CaseSpec& c) { c.control.max_steps = 10; },
    [](CaseSpec& c) { c.control.controller = "plain"; },
    [](CaseSpec& c) { c.control.norm = "max"; },
    [](CaseSpec& c) { c.control = {.adaptive = false, .steps = 8}; },
    [](CaseSpec& c) { c.control.checkpoints = 8; },
    [](CaseSpec& c) { c.control.damping = 0.95; },
    [](CaseSpec& c) { c.control.coupling = 0.99; },
};

TEST(CaseId, distinct_cases_have_distinct_ids_and_hashes) {
  std::set<std::string> ids{case_id(lorenz_case())}, hashes{case_hash(lorenz_case())};
  for (auto const& change : changes) {
    CaseSpec spec = lorenz_case();
    change(spec);
    EXPECT_TRUE(ids.insert(case_id(spec)).second) << case_id(spec);
    EXPECT_TRUE(hashes.insert(case_hash(spec)).second) << case_id(spec);
  }
}

TEST(SizeLabel, has_n_first_and_then_what_is_not_default) {
  auto const known = find_entry(example_vocabulary().problems, "van_der_pol")->arguments;

  EXPECT_EQ(size_label({{"mu", 0.15}, {"T", 25.0}, {"n", 1}}, known), "n1");
  EXPECT_EQ(size_label({{"mu", 5.0}, {"T", 25.0}, {"n", 1}}, known), "n1-mu5");
  EXPECT_EQ(size_label({{"mu", 1e-3}, {"T", 0.5}, {"n", 64}}, known), "n64-mu0.001-T0.5");
}

TEST(SizeLabel, writes_lists_with_an_x) {
  auto const known = neural_mlp().arguments;

  EXPECT_EQ(size_label({{"widths", {4, 8, 4}}, {"n", 32}, {"block", 16}, {"T", 1.0}}, known), "n32-widths4x8x4");
  EXPECT_EQ(size_label({{"widths", {8, 32, 8}}, {"n", 64}, {"block", 16}, {"T", 1.0}}, known), "n64");
}

TEST(SizeLabel, keeps_apart_names_that_end_in_digits) {
  std::vector<ArgumentSpec> const known{{.name = "k", .default_value = 0}, {.name = "k1", .default_value = 0}};

  EXPECT_EQ(size_label({{"k", 12}, {"k1", 0}}, known), "k12");
  EXPECT_EQ(size_label({{"k", 0}, {"k1", 2}}, known), "k1=2");
  EXPECT_EQ(size_label({{"k", 0}, {"k1", 0}}, known), "default");
}

TEST(CaseHash, is_stable) {
  // Changes only when the definition of the canonical JSON does; then old results cannot be compared: a major change.
  EXPECT_EQ(
      canonical_json(lorenz_case()).dump(),
      R"({"backend":"default","control":{"atol":1e-06,"controller":"standard","initial_step":0.0,"kind":"adaptive",)"
      R"("max_steps":100000,"rtol":1e-06},"method":"aca","precision":"f64","problem":"lorenz63",)"
      R"("problem_args":{"T":3.0,"n":1024},"seed":0,"solver":"dormand_prince54"})");
  EXPECT_EQ(case_hash(lorenz_case()).size(), 16U);
}

TEST(CaseHash, follows_the_seed_but_not_tags_checks_or_limits) {
  CaseSpec seeded = lorenz_case(), decorated = lorenz_case();
  seeded.seed = 1;
  decorated.tags = {"slow"};
  decorated.checks["dual"]["enable"] = false;
  decorated.limits["loss_rel"] = 1.0;
  decorated.expected = {"xfail", "known"};
  decorated.matrix = "m";

  EXPECT_NE(case_hash(seeded), case_hash(lorenz_case()));
  EXPECT_EQ(case_id(seeded), case_id(lorenz_case()));
  EXPECT_EQ(case_hash(decorated), case_hash(lorenz_case()));
}

TEST(ControlLabel, says_kind_and_values) {
  EXPECT_EQ(control_label({.adaptive = false, .steps = 64}), "fixed:n=64");
  EXPECT_EQ(control_label({.rtol = 1e-3, .atol = 1e-5}), "adaptive:rtol=1e-3,atol=1e-5");
}

TEST(Describe, holds_the_definition_and_what_is_not_usual) {
  CaseSpec spec = lorenz_case();
  spec.matrix = "m";
  spec.checks["dual"]["enable"] = false;
  nlohmann::json const canonical = canonical_json(spec);
  EXPECT_EQ(describe(spec), nlohmann::json({{"matrix", "m"},  // names are columns, checks stand in the configuration
                                            {"control", canonical["control"]},
                                            {"problem_args", canonical["problem_args"]}}));

  spec.own_checks = true;
  spec.limits["loss_rel"] = 0.5;
  spec.expected = {"xfail", "known"};
  spec.reference = "quad";
  nlohmann::json const all = describe(spec);

  EXPECT_EQ(all["checks"]["dual"]["enable"], false);
  EXPECT_EQ(all["limits"]["loss_rel"], 0.5);
  EXPECT_EQ(all["expected"]["reason"], "known");
  EXPECT_EQ(all["reference"], "quad");
}

TEST(ToArguments, splits_numbers_and_lists) {
  Arguments const arguments = to_arguments({{"T", 2.0}, {"n", 64}, {"widths", {4, 8, 4}}});

  EXPECT_EQ(arguments.number("T"), 2.0);
  EXPECT_EQ(arguments.integer("n"), 64);
  EXPECT_EQ(arguments.list("widths"), (std::vector<std::int64_t>{4, 8, 4}));
}

}  // namespace
}  // namespace retrace::test
