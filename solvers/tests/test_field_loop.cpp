#include "solvers/field_loop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retrace {
namespace {

using Exec = Kokkos::DefaultHostExecutionSpace;

TEST(FieldLoop, meets_every_piece_once_in_a_slot_of_its_own) {
  std::string const label("retrace::test::pieces");
  for (std::int64_t const pieces : {0, 1, 2, 3, 7, 100}) {
    FieldLoop<Exec> const loop(pieces);
    EXPECT_LE(loop.slots(), Exec().concurrency());
    EXPECT_EQ(loop.slots() > 0, pieces > 0);
    std::vector<int> visits(static_cast<std::size_t>(pieces), 0);
    std::vector<std::int64_t> slot_of(static_cast<std::size_t>(pieces), -1);

    loop.each_piece(label, [&](std::int64_t piece, std::int64_t slot) {
      ++visits[static_cast<std::size_t>(piece)];
      slot_of[static_cast<std::size_t>(piece)] = slot;
    });

    EXPECT_EQ(visits, std::vector<int>(static_cast<std::size_t>(pieces), 1));
    EXPECT_TRUE(std::ranges::is_sorted(slot_of)) << "pieces of a slot lie side by side";
  }
}

TEST(FieldLoop, shares_cover_any_count_without_overlap) {
  FieldLoop<Exec> const loop(5);
  for (std::int64_t const count : {0, 1, 2, 11}) {
    std::int64_t at = 0;
    for (std::int64_t slot = 0; slot < loop.slots(); ++slot) {
      IndexRange const mine = loop.share(slot, count);
      EXPECT_EQ(mine.first, at);
      EXPECT_LE(mine.first, mine.last);
      at = mine.last;
    }
    EXPECT_EQ(at, count);
  }
}

}  // namespace
}  // namespace retrace
