#include "app/retrace_main.hpp"

int main(int argc, char** argv) {
  return retrace::retrace_main(argc, argv);
}
