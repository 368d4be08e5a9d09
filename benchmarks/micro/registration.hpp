#pragma once

#include "core/communicator.hpp"

#include <cstdint>

namespace retrace::micro {

/// `step/<problem>/<solver>` and `step_vjp/<problem>/<solver>`: one Runge-Kutta step of one trajectory, and the reverse
/// of one with its stages given; every ensemble problem, every scheme. One thread, no launch, no memory but the stack.
void register_steps();

/// `gradient/<problem>/<method>/<solver>` of all that is registered, as a suite runs it, on the default backend:
/// tolerance 1e-6, or 128 fixed steps of a scheme without an error estimate; ensembles of `trajectories` over at
/// most half a unit of time, fields at their defaults. `comm` must outlive the benchmarks.
void register_gradients(Communicator const& comm, std::int64_t trajectories);

/// ACA on ensembles at several widths, and a single gradient beside a hand-written loop.
void register_ensembles(Communicator const& comm);

}  // namespace retrace::micro
