#include "results/h5_handle.hpp"

#include <algorithm>
#include <vector>

namespace retrace::results {

namespace {

extern "C" herr_t collect_description(unsigned /*depth*/, H5E_error2_t const* error, void* messages) {
  if (error->desc != nullptr && *error->desc != '\0') {
    static_cast<std::vector<std::string>*>(messages)->emplace_back(error->desc);
  }
  return 0;
}

}  // namespace

void throw_h5_error(std::string_view what) {
  std::vector<std::string> messages;  // innermost first: the cause, then what it spoiled
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &collect_description, &messages);
  H5Eclear2(H5E_DEFAULT);
  std::string text(what);
  text += ": ";
  if (messages.empty()) {
    text += "HDF5 gives no reason";
  } else {
    text += messages.back();
    if (messages.size() > 1) text += " (" + messages.front() + ")";
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  throw H5Error(text);
}

}  // namespace retrace::results
