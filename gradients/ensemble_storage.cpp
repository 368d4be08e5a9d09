#include "gradients/ensemble_storage.hpp"

namespace retrace {

template class EnsembleStorage<F64::State, F64::Time, Kokkos::HostSpace>;
template class EnsembleStorage<F32::State, F32::Time, Kokkos::HostSpace>;
template class EnsembleStorage<Mixed::State, Mixed::Time, Kokkos::HostSpace>;

}  // namespace retrace
