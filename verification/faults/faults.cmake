# The planted faults, each with the check that must see it.

# --- the reverse of a step
retrace_plant_fault(swapped_weights FILE gradients/step_adjoint.hpp
  WHAT "the reverse of a step weighs lambda with b_hat instead of b"
  FIND [=[S const weight = S(tab.b[index]) * span.h;]=]
  REPLACE [=[S const weight = S(tab.b[index] - tab.error[index]) * span.h;]=]
  CHECK dotprod_step ALWAYS)
retrace_plant_fault(wrong_transpose FILE gradients/step_adjoint.hpp
  WHAT "the reverse of a step uses a row of the tableau where it needs a column"
  FIND [=[model.combine(work.seed, tab.adjoint_row(i, last), span.h]=]
  REPLACE [=[model.combine(work.seed, tab.stage_row(i), span.h]=]
  CHECK dotprod_step SOLVER dormand_prince54)
retrace_plant_fault(stage_time_of_start FILE gradients/step_adjoint.hpp
  WHAT "the reverse of a step evaluates every VJP at the time of the step's start"
  FIND [=[    S const t = stage_time(tab, i, span);
    S t_bar(0.0);
    if (i < last - 1]=]
  REPLACE [=[    S const t = span.t;
    S t_bar(0.0);
    if (i < last - 1]=]
  CHECK dotprod_step)
retrace_plant_fault(dropped_stage_adjoint FILE gradients/step_adjoint.hpp
  WHAT "the adjoint of the last stage is left out of lambda"
  FIND [=[  model.add_stages(lambda, last, work.argument_bar);]=]
  REPLACE [=[  model.add_stages(lambda, last - 1, work.argument_bar);]=]
  CHECK dotprod_step)
retrace_plant_fault(stale_stage_argument FILE gradients/step_adjoint.hpp
  WHAT "a replay linearises f at the stage argument before"
  FIND [=[stage_argument(tab, i + 1, model, span.h, y, k, work.arguments[index + 1]);]=]
  REPLACE [=[stage_argument(tab, i, model, span.h, y, k, work.arguments[index + 1]);]=]
  CHECK dotprod_step)

# --- aca and its kin
retrace_plant_fault(next_step_size FILE gradients/step_recorder.hpp METHOD aca:Aca:aca
  WHAT "aca records h of the next step with each checkpoint"
  FIND [=[tape.put(stored, RecordPlan::step, trial.span.h);]=] REPLACE [=[tape.put(stored, RecordPlan::step, trial.span.h * trial.factor);]=]
  CHECK dual ALWAYS)
retrace_plant_fault(checkpoint_off_by_one FILE gradients/step_recorder.hpp METHOD aca:Aca:aca
  WHAT "aca keeps the state after a step with the step"
  FIND [=[if (plan.state) tape.put_state(stored, place++, trial.y);]=] REPLACE [=[if (plan.state) tape.put_state(stored, place++, trial.work.y_new);]=]
  CHECK dual)
retrace_plant_fault(unclipped_last_step FILE gradients/step_recorder.hpp METHOD aca:Aca:aca
  WHAT "aca records the proposed size of a step, so the clipped last one is replayed too long"
  FIND [=[tape.put(stored, RecordPlan::step, trial.span.h);]=] REPLACE [=[tape.put(stored, RecordPlan::step, trial.proposed);]=]
  CHECK complex_step)
retrace_plant_fault(rejected_trials_kept FILE gradients/step_recorder.hpp METHOD aca:Aca:aca
  WHAT "aca records rejected trials as if they had been steps"
  FIND [=[tape.append(of_trials ? trial.active : trial.accepted);]=] REPLACE [=[tape.append(trial.active);]=]
  CHECK dual)
retrace_plant_fault(last_step_dropped FILE gradients/frozen_sweep.hpp METHOD aca:Aca:aca
  WHAT "the sweep begins before the last, clipped step"
  FIND [=[std::int64_t n = tape.longest() - 1; n >= 0; --n]=] REPLACE [=[std::int64_t n = tape.longest() - 2; n >= 0; --n]=]
  CHECK dual)
retrace_plant_fault(first_step_dropped FILE gradients/frozen_sweep.hpp METHOD aca_stages:AcaStages:aca_stages
  WHAT "the sweep ends after the second step"
  FIND [=[n >= 0; --n]=] REPLACE [=[n > 0; --n]=]
  CHECK taylor)
retrace_plant_fault(end_time_replayed FILE gradients/frozen_sweep.hpp METHOD aca:Aca:aca
  WHAT "a replayed step begins at the time where it ended"
  FIND [=[span.t_next = span.t + span.h;]=] REPLACE [=[span.t = span.t_next = span.t + span.h;]=]
  CHECK complex_step)
retrace_plant_fault(stage_kept_twice FILE gradients/step_recorder.hpp METHOD aca_stages:AcaStages:aca_stages
  WHAT "aca_stages keeps the first stage in the place of every stage"
  FIND [=[trial.work.k[static_cast<std::size_t>(i)]);]=] REPLACE [=[trial.work.k[0]);]=]
  CHECK dual)
retrace_plant_fault(budget_state_late FILE gradients/aca_budget.hpp METHOD aca_budget:AcaBudget:aca_budget
  WHAT "aca_budget advances without the step's own first stage"
  FIND [=[model.rhs(span.t, work.present, work.step.k[0]);]=] REPLACE [=[if (step == 0) model.rhs(span.t, work.present, work.step.k[0]);]=]
  CHECK dual)
retrace_plant_fault(tangent_of_rejected FILE gradients/forward.hpp METHOD forward:Forward:forward
  WHAT "forward sensitivity moves along rejected trials, too"
  FIND [=[if (!trial.accepted) return;]=] REPLACE [=[]=]
  CHECK dual)

# --- the program's derivative
retrace_plant_fault(missing_f_t FILE gradients/step_adjoint.hpp METHOD naive:Naive:naive
  WHAT "the program's derivative leaves out f_t"
  FIND [=[      times.tau += t_bar;
      times.eta += S(rows.c[index]) * t_bar;]=]
  REPLACE [=[]=]
  CHECK program_dual)
retrace_plant_fault(error_seed_sign FILE gradients/step_adjoint.hpp METHOD naive:Naive:naive
  WHAT "the error estimate's adjoint enters the stages with the wrong sign"
  FIND [=[Scaled{S(tab.error[index]) * span.h, e_bar});]=] REPLACE [=[Scaled{S(-tab.error[index]) * span.h, e_bar});]=]
  CHECK program_dual)
retrace_plant_fault(dropped_last_stage_seed FILE gradients/step_adjoint.hpp METHOD naive:Naive:naive
  WHAT "what later trials ask of the shared last stage is dropped"
  FIND [=[if (i == tab.stages - 1 && how.last_stage_bar != nullptr) model.add(work.seed, S(1.0), *how.last_stage_bar);]=] REPLACE [=[]=]
  CHECK program_dual)
retrace_plant_fault(dense_state_dropped FILE gradients/naive.hpp METHOD naive:Naive:naive
  WHAT "an observation on the dense output does not reach the state that the step begins with"
  FIND [=[if (any(inside)) model.add_where(inside, work.trial_bar, state_seed);]=] REPLACE [=[]=]
  CHECK program_dual)
retrace_plant_fault(dense_size_dropped FILE gradients/naive.hpp METHOD naive:Naive:naive
  WHAT "where an observation lies in a step does not depend on the step's size"
  FIND [=[times.eta += of_observations.eta;]=] REPLACE [=[]=]
  CHECK program_dual)
retrace_plant_fault(clipped_step_not_constant FILE gradients/naive.hpp METHOD naive:Naive:naive
  WHAT "the clipped last step is differentiated as if the controller had chosen it"
  FIND [=[select(is_clipped, select(is_accepted, proposed_bar, S(0.0)), size_bar);]=] REPLACE [=[size_bar;]=]
  CHECK program_dual)
retrace_plant_fault(first_step_a_constant FILE gradients/naive.hpp METHOD naive:Naive:naive
  WHAT "the choice of the first step is not differentiated"
  FIND [=[if (any(through_choice)) initial_step(chosen, h_bar);]=] REPLACE [=[]=]
  CHECK program_dual)
retrace_plant_fault(weights_constant FILE solvers/vec_algebra.hpp METHOD naive:Naive:naive
  WHAT "the derivative of the error norm through its weights is left out"
  FIND [=[T const through_weight = T(S(-control.relative_tolerance) * common * e / w);]=] REPLACE [=[T const through_weight = T(0.0);]=]
  CHECK program_dual)

# --- the rules of the program, which the solver's duals follow, right or wrong
retrace_plant_fault(safety_twice FILE solvers/integrate.hpp METHOD naive:Naive:naive
  WHAT "the controller applies its safety factor twice"
  FIND [=[S ideal = S(rule.safety) * math::pow(error_norm, -tab.controller_exponent);]=]
  REPLACE [=[S ideal = S(rule.safety * rule.safety) * math::pow(error_norm, -tab.controller_exponent);]=]
  CHECK program_complex_step)
retrace_plant_fault(grows_after_rejection FILE solvers/integrate.hpp METHOD naive:Naive:naive
  WHAT "a step may grow right after a rejected one"
  FIND [=[may_grow = accepted & !held;]=] REPLACE [=[may_grow = accepted;]=]
  CHECK program_complex_step)
retrace_plant_fault(first_step_of_slope FILE solvers/initial_step.hpp METHOD naive:Naive:naive
  WHAT "the choice of the first step looks at f at the start only"
  FIND [=[S const largest = math::max(start.d1, start.d2);]=] REPLACE [=[S const largest = start.d1;]=]
  CHECK program_complex_step)

# --- the continuous adjoint
retrace_plant_fault(adjoint_mu_sign FILE solvers/ensemble_model.hpp METHOD adjoint:Adjoint:adjoint
  WHAT "the continuous adjoint integrates mu with the wrong sign"
  FIND [=[dxdt[2 * P::dimension + j] = -p_bar[j];]=] REPLACE [=[dxdt[2 * P::dimension + j] = p_bar[j];]=]
  CHECK consistency)
retrace_plant_fault(adjoint_forward_state FILE solvers/ensemble_model.hpp METHOD adjoint:Adjoint:adjoint
  WHAT "the continuous adjoint linearises at lambda instead of y in a hundredth of f"
  FIND [=[dxdt[P::dimension + d] = -y_bar[d];]=] REPLACE [=[dxdt[P::dimension + d] = T(-1.01) * y_bar[d];]=]
  CHECK consistency)

retrace_plant_fault(adjoint_rate FILE solvers/ensemble_model.hpp PROBLEM lorenz63:Lorenz63 METHOD adjoint:Adjoint:adjoint
  WHAT "lambda changes at a rate that is one per cent too large"
  FIND [=[dxdt[P::dimension + d] = -y_bar[d];]=] REPLACE [=[dxdt[P::dimension + d] = T(-1.01) * y_bar[d];]=]
  CHECK invariants)
retrace_plant_fault(start_slope_at_end FILE gradients/adjoint.hpp METHOD adjoint:Adjoint:adjoint
  WHAT "the continuous adjoint forms dL/dt0 with f at the end's time"
  FIND [=[g.times.dt0 = -slope(t0,]=] REPLACE [=[g.times.dt0 = -slope(t1,]=]
  CHECK invariants)

# --- the solver
retrace_plant_fault(stale_first_stage FILE solvers/integrate.hpp
  WHAT "after a rejected trial the shared first stage is that of the rejected state"
  FIND [=[model.take_where(trial.accepted, work.k[0], work.k[static_cast<std::size_t>(tab.stages - 1)]);]=]
  REPLACE [=[model.take_where(Mask(true), work.k[0], work.k[static_cast<std::size_t>(tab.stages - 1)]);]=]
  CHECK replay)
retrace_plant_fault(accepted_beyond_tolerance FILE solvers/integrate.hpp
  WHAT "steps with an error up to twice the tolerance are accepted"
  FIND [=[Mask(trial.error_norm <= S(1.0))]=] REPLACE [=[Mask(trial.error_norm <= S(2.0))]=]
  CHECK error_control)
retrace_plant_fault(end_missed FILE solvers/integrate.hpp
  WHAT "the last step is not taken: the solve stops where it would be clipped"
  FIND [=[    running = running & Mask(t != t1);
  }]=] REPLACE [=[    running = running & Mask(math::abs(t1 - t) > proposed);
  }]=]
  CHECK replay ALWAYS)
retrace_plant_fault(single_coefficients FILE solvers/vec_algebra.hpp
  WHAT "coefficients of the scheme pass through single precision"
  FIND [=[      auto const coefficient = static_cast<T>(row.at(j));]=]
  REPLACE [=[      auto const coefficient = static_cast<T>(static_cast<float>(row.at(j)));]=]
  CHECK replay)
retrace_plant_fault(wrong_coefficient FILE solvers/tableaus/dormand_prince54.hpp
  WHAT "two entries of one row of the tableau are off by 1e-3, their sum is right"
  FIND [=[44.0 / 45, -56.0 / 15, 32.0 / 9, 0.0]=] REPLACE [=[44.0 / 45 + 1e-3, -56.0 / 15 - 1e-3, 32.0 / 9, 0.0]=]
  CHECK tableau SOLVER dormand_prince54 WITH solvers/registry.cpp)
retrace_plant_fault(wrong_error_weight FILE solvers/vec_algebra.hpp
  WHAT "the error norm weighs by the old state only"
  FIND [=[S const scaled = h * S(estimate[d]) / weight(control, y[d], y_new[d]);]=]
  REPLACE [=[S const scaled = h * S(estimate[d]) / weight(control, T(2.0) * y[d], T(2.0) * y_new[d]);]=]
  CHECK error_control)

# --- problems
retrace_plant_fault(vjp_sign FILE problems/van_der_pol_forced.hpp
  WHAT "one term of f_y^T w has the wrong sign"
  FIND [=[y_bar[0] = -(T(2.0) * p[0] * y[0] * y[1] + T(1.0)) * w[1];]=] REPLACE [=[y_bar[0] = -(T(2.0) * p[0] * y[0] * y[1] - T(1.0)) * w[1];]=]
  CHECK dotprod ALWAYS)
retrace_plant_fault(vjp_without_time FILE problems/van_der_pol_forced.hpp
  WHAT "f_t is left out of the VJP"
  FIND [=[t_bar += p[1] * T(frequency) * math::cos(T(frequency) * t) * w[1];]=] REPLACE [=[]=]
  CHECK dotprod)
retrace_plant_fault(parameters_overwritten FILE problems/lorenz63.hpp PROBLEM lorenz63:Lorenz63
  WHAT "a parameter's gradient is overwritten instead of added to"
  FIND [=[p_bar[1] += y[0] * w[1];]=] REPLACE [=[p_bar[1] = y[0] * w[1];]=]
  CHECK dotprod)
retrace_plant_fault(three_body_power FILE problems/three_body.hpp PROBLEM three_body:ThreeBody
  WHAT "the derivative of 1/r^3 has a factor 2 instead of 3"
  FIND [=[T const along = T(3.0) * r_dot_u]=] REPLACE [=[T const along = T(2.0) * r_dot_u]=]
  CHECK dotprod)
retrace_plant_fault(loss_gradient_factor FILE problems/three_body.hpp PROBLEM three_body:ThreeBody
  WHAT "the loss's gradient has lost a factor 2"
  FIND [=[g[d] = T(2.0 / 18.0) * y[d];]=] REPLACE [=[g[d] = T(1.0 / 18.0) * y[d];]=]
  CHECK dotprod)
retrace_plant_fault(tanh_derivative FILE problems/neural_mlp.hpp PROBLEM neural_mlp:NeuralMlp
  WHAT "the derivative of tanh is taken as 1 - a instead of 1 - a^2"
  FIND [=[math::fma(-a, a, X(1.0))]=] REPLACE [=[(X(1.0) - a)]=]
  CHECK dotprod)
retrace_plant_fault(bias_of_first_sample FILE problems/neural_mlp.hpp PROBLEM neural_mlp:NeuralMlp
  WHAT "the output bias's gradient takes in the first sample of a block only"
  FIND [=[store_lanes(load_lanes<width()>(b_bar + i) + d, b_bar + i);
      });
    }
  }
  /// delta *=]=] REPLACE [=[if (j == 0) store_lanes(load_lanes<width()>(b_bar + i) + d, b_bar + i);
      });
    }
  }
  /// delta *=]=]
  CHECK dotprod)

# --- sums and ranks
retrace_plant_fault(last_block_skipped FILE core/blocks.cpp METHOD aca:Aca:aca RANKS 2
  WHAT "the sum over blocks leaves out the last one"
  FIND [=[first + width <= all.size(); first += width)]=] REPLACE [=[first + 2 * width <= all.size(); first += width)]=]
  CHECK reduction)
retrace_plant_fault(single_on_the_wire FILE core/blocks.cpp METHOD aca:Aca:aca RANKS 2
  WHAT "sums travel between ranks in single precision"
  FIND [=[    all = gathered_;]=]
  REPLACE [=[    for (double& x : gathered_) x = static_cast<double>(static_cast<float>(x));
    all = gathered_;]=]
  CHECK rank_invariance)
retrace_plant_fault(last_trajectory_alone FILE gradients/gradient_driver.cpp METHOD aca:Aca:aca
  WHAT "a block's gradient is that of its last trajectory"
  FIND [=[for (std::size_t j = 0; j < p; ++j) block[1 + j] += result.dloss_dp_each[i * p + j];]=]
  REPLACE [=[for (std::size_t j = 0; j < p; ++j) block[1 + j] = result.dloss_dp_each[i * p + j];]=]
  CHECK reduction)

# --- derivatives in times, and copies that come apart
retrace_plant_fault(start_time_sign FILE gradients/loss_adjoint.hpp METHOD aca:Aca:aca
  WHAT "dL/dt0 has the derivative in the size of the step before the end with the wrong sign"
  FIND [=[out.dt0 = tau_of_piece_ + tau - eta_of_piece_;]=] REPLACE [=[out.dt0 = tau_of_piece_ + tau + eta_of_piece_;]=]
  CHECK times)
retrace_plant_fault(stage_times_fixed FILE gradients/step_adjoint.hpp METHOD aca:Aca:aca
  WHAT "the derivative in the size of a step forgets that it moves the times of the stages"
  FIND [=[if (with_times) times.eta += S(tab.c[index]) * t_bar;]=] REPLACE [=[]=]
  CHECK times)
retrace_plant_fault(clipped_to_a_constant FILE gradients/naive.hpp METHOD naive:Naive:naive
  WHAT "naive takes the time that a step was clipped to as a constant"
  FIND [=[      targets.add(target_bar);]=] REPLACE [=[]=]
  CHECK times)
retrace_plant_fault(nodes_stay FILE gradients/forward_times.hpp METHOD forward:Forward:forward
  WHAT "the tangent in t0 moves the first node only"
  FIND [=[return before_given_ ? moved(t, begin) : Time(t);]=] REPLACE [=[return Time(t);]=]
  CHECK times)
retrace_plant_fault(partner_times_fixed FILE gradients/symplectic_adjoint.hpp METHOD symplectic_adjoint:SymplecticAdjoint:symplectic_adjoint
  WHAT "the partner's derivative in the size of a step forgets that it moves the times of the stages"
  FIND [=[if (with_times) times.eta += S(tab.c[index]) * t_bar;]=] REPLACE [=[]=]
  CHECK times)
retrace_plant_fault(start_velocity_constant FILE gradients/mali.hpp METHOD mali:Mali:mali SOLVER midpoint_euler21
  WHAT "the velocity that the leapfrog begins with is a constant"
  FIND [=[      model_.vjp(t0, y0, v_bar, m_.u_bar, p_bar, t_bar);
      model_.add(lambda, S(1.0), m_.u_bar);]=]
  REPLACE [=[]=]
  CHECK dual)
retrace_plant_fault(uncoupled_copies FILE gradients/reversible_rk.hpp METHOD reversible_rk:ReversibleRk:reversible_rk
  WHAT "the pull of one copy on the other has the wrong weight"
  FIND [=[                     Scaled{S(1.0 - coupling_), m_.z});
      return]=]
  REPLACE [=[                     Scaled{S(0.9 - coupling_), m_.z});
      return]=]
  CHECK copies)
