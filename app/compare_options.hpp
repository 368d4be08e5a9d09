#pragma once

#include <optional>
#include <string>

namespace retrace::app {

/// Options of `retrace compare`.
struct CompareOptions {
  std::string new_file, base;
  std::string preset, rules_file, gate;
  std::string format = "table", output, annotate = "auto";
  std::string folder;                        ///< of named baselines
  std::optional<std::string> update_reason;  ///< NEW becomes the baseline
  bool allow_removed = false, all = false, dump_rules = false;
  int confirm = 0;  ///< fresh launches on each side
  std::string new_program, base_program, launcher;
};

/// Options of `retrace baseline`.
struct BaselineOptions {
  std::string action;  ///< save, list, show, rm
  std::string folder, name, file, reason;
  bool portable = false;
};

}  // namespace retrace::app
