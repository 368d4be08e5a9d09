#pragma once

#include "gradients/aca.hpp"

/// A method of one's own begins as a copy of the nearest one: its promise is what the checks hold it to, and
/// `records`, `record_shape`, `Workspace` and `run` are what it does (gradients/aca.hpp).
struct MyAca : retrace::Aca {
  static constexpr std::string_view name = "my_aca", summary = "as aca; a place to begin";
};
