#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "gradients/gradient_driver.hpp"
#include "verification/problem_instance.hpp"

#include <memory>

namespace retrace {

/// The gradient of an ensemble, or of the field that a `Description` describes, on the device of this build, by the
/// method and solver of the choice. Only declared here: there is one translation unit per problem and precision, made
/// by CMake, that the compiler for devices sees and the host's does not. Host code of the same program is compiled as
/// in a program without a device, packs included.
template <class Problem, class Precision>
std::unique_ptr<GradientDriver> make_device_gradient(Problem const& problem, GradientChoice const& choice,
                                                     StepControl const& control, BlockPartition const& partition,
                                                     Communicator const& comm);

}  // namespace retrace
