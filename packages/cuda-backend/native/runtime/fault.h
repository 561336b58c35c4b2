// Failures that only device code sees, such as an index outside of its axis: it reports the first
// one and goes on without touching memory, and the host raises it when it next waits for the
// device.
#pragma once

#include <cstdint>

#include "launch.h"

namespace flambeau::cuda {

// What went wrong. The comment says what `value` and `bound` are: whole numbers, or where `number`
// stands there, floating-point numbers (report_number).
enum FaultKind : int32_t {
  kFaultNone,
  kFaultIndex,        // an index is outside [0, bound) or [-bound, bound)
  kFaultClass,        // a class is outside [0, bound)
  kFaultTarget,       // a target is outside [0, bound)
  kFaultDivision,     // a whole number was divided by zero
  kFaultSorter,       // an index of a sorter is outside [0, bound)
  kFaultProbability,  // number: a probability is outside [0, 1]
  kFaultWeight,       // number: a weight of a distribution is negative or not finite
  kFaultWeights,      // the weights of a distribution are all 0
  kFaultDeviation,    // number: a standard deviation is negative
  kFaultRate,         // number: a rate is negative
  kFaultBin,          // number: a number has no bin
  kFaultRepeats,      // repeats are negative, or do not add up to the size of the output, `bound`
  kFaultPointers,     // row pointers do not begin with 0, decrease, or do not end with `bound`
};

// The first failure since the last look, in host memory that the device sees.
struct FaultReport {
  int64_t value;
  int64_t bound;
  int32_t kernel;
  volatile int32_t kind;  // written last
};

// Where a kernel reports: one per kernel and device, in device memory.
struct Fault {
  int32_t* taken;  // in device memory: has something been reported?
  FaultReport* report;
  int32_t kernel;
};

#if defined(__CUDACC__) || defined(FLAMBEAU_EMULATED)
// Of a whole number. The first report counts; later ones are dropped.
__device__ inline void report(const Fault* fault, FaultKind kind, int64_t value, int64_t bound) {
  if (atomicCAS(fault->taken, 0, 1) != 0) return;
  fault->report->value = value;
  fault->report->bound = bound;
  fault->report->kernel = fault->kernel;
  __threadfence_system();
  fault->report->kind = kind;
}

// Of a floating-point number.
__device__ inline void report_number(const Fault* fault, FaultKind kind, double value) {
  report(fault, kind, __double_as_longlong(value), 0);
}
#endif

// The faults of device `index`, one per kernel by core's number; `kernels` is how many there are.
// Made on first use. In memory of the device.
const Fault* faults_of(int index, int kernels);

// Throws the failure that was reported on device `index`, if any, and forgets it. The device must
// have finished the work in question.
void raise_fault(int index);

}  // namespace flambeau::cuda
