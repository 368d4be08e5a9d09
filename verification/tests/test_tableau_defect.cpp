#include "solvers/registry.hpp"
#include "solvers/tableaus/dormand_prince853.hpp"
#include "solvers/tableaus/ralston21.hpp"
#include "solvers/tableaus/tsitouras54.hpp"
#include "verification/tableau_defect.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retrace {
namespace {

std::vector<NamedTableau> all_tableaus() {
  std::vector<NamedTableau> all = tableau_catalogue();
  all.push_back({"also tsitouras54", tableau_of<Tsitouras54>});
  all.push_back({"also dormand_prince853", tableau_of<DormandPrince853>});
  all.push_back({"also ralston21", tableau_of<Ralston21>});
  return all;
}

TEST(TableauDefect, none_in_any_scheme) {
  for (auto const& [name, tab] : all_tableaus()) {
    TableauDefect const defect = worst_defect(tab);
    EXPECT_FALSE(defect.is_violation()) << name << ": " << defect.condition << " by " << defect.size;
  }
}

TEST(TableauDefect, an_order_too_many_is_a_violation) {
  for (auto [name, tab] : all_tableaus()) {
    ++tab.order;
    EXPECT_TRUE(worst_defect(tab).is_violation()) << name;
  }
}

TEST(TableauDefect, names_the_wrong_coefficient) {
  constexpr double mistake = 1e-3, found_to = 1e-7;  // Gauss-Newton with slopes from differences
  for (auto const& [name, tab] : all_tableaus()) {
    if (tab.order > 5) continue;  // a second each
    for (int i = 0; i < tab.stages; ++i) {
      for (int j = 0; j < i; ++j) {
        Tableau wrong = tab;
        wrong.a[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] += mistake;
        EXPECT_TRUE(worst_defect(wrong).is_violation()) << name << " " << i << " " << j;
        auto const found = find_wrong_coefficient(wrong);
        ASSERT_TRUE(found.has_value()) << name << " " << i << " " << j;
        if (tab.order > 2) {  // below, several coefficients can make up for it
          EXPECT_EQ(found->name, "a_" + std::to_string(i + 1) + std::to_string(j + 1)) << name;
          EXPECT_NEAR(found->value - found->satisfying, mistake, found_to) << name;
        }
        EXPECT_EQ(found->stage, i + 1) << name;
      }
    }
  }
}

TEST(TableauDefect, two_wrong_coefficients_have_no_single_name) {
  Tableau wrong = tableau_of<DormandPrince54>;
  wrong.a[2][1] += 1e-3;
  wrong.a[4][2] -= 2e-3;
  EXPECT_TRUE(worst_defect(wrong).is_violation());
  EXPECT_FALSE(find_wrong_coefficient(wrong).has_value());
}

TEST(TableauDefect, an_entry_above_the_diagonal_is_a_violation) {
  Tableau wrong = tableau_of<Rk4>;
  wrong.a[1][2] = 1e-9;
  wrong.a[1][0] -= 1e-9;
  TableauDefect const defect = worst_defect(wrong);
  EXPECT_TRUE(defect.is_violation());
  EXPECT_EQ(defect.stage, 2);
}

}  // namespace
}  // namespace retrace
