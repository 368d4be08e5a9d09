// Writes two result files for readers that are not this program: write_sample FULL.h5 EMPTY.h5
#include "results/tests/sample_document.hpp"
#include "results/writer.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: write_sample FULL.h5 EMPTY.h5\n", stderr);
    return 2;
  }
  try {
    retrace::results::write_snapshot(argv[1], retrace::results::testing::sample_document());
    retrace::results::write_snapshot(argv[2], {});
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
