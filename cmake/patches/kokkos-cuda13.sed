# For core/src/Cuda/Kokkos_Cuda_Instance.hpp of Kokkos before 4.7 with CUDA 13: cudaMemAdvise and cudaMemPrefetchAsync
# take a cudaMemLocation, cudaGraphAddDependencies takes edge data. Later versions do not contain these lines.
s/cudaGraphAddDependencies(graph, from, to, numDependencies)/cudaGraphAddDependencies(graph, from, to, nullptr, numDependencies)/
s/cudaMemAdvise(devPtr, count, advice, device)/cudaMemAdvise(devPtr, count, advice, cudaMemLocation{device < 0 ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice, device < 0 ? 0 : device})/
s/cudaMemPrefetchAsync(devPtr, count, dstDevice,/cudaMemPrefetchAsync(devPtr, count, cudaMemLocation{dstDevice < 0 ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice, dstDevice < 0 ? 0 : dstDevice}, 0,/
