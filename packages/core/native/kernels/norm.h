// What the kernels of normalisation share.
#pragma once

#include <type_traits>

#include "isa.h"
#include "kernel.h"
#include "norm_loops.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(NormTable, norm_table)

template <class T>
const NormFunctions<T>& norm_functions() {
  if constexpr (std::is_same_v<T, double>) {
    return active::norm_table().f64;
  } else {
    return active::norm_table().f32;
  }
}

// Calls body(T{}) for a floating type.
template <class Body>
void with_floating(DType dtype, Body&& body) {
  require_internal(dtype == DType::kFloat32 || dtype == DType::kFloat64,
                   "normalisation is for floating types");
  if (dtype == DType::kFloat64) {
    body(double{});
  } else {
    body(float{});
  }
}

// Input `i`, `n` numbers, or null where it was left out; `keep` holds what it points into.
template <class T>
const T* numbers_of(Call& call, int i, int64_t n, Tensor& keep) {
  if (!call.has(i)) return nullptr;
  require_internal(call.in(i).dtype == dtype_of<T> && call.in(i).numel() == n,
                   "an input has another type or number of elements");
  keep = call.contiguous(call.in(i));
  return keep.as<T>();
}

// Row-major output `i` if it is wanted: outputs that are not come with another number of elements.
template <class T>
T* wanted_output(Call& call, int i, int64_t numel) {
  if (i >= call.num_outputs()) return nullptr;
  require_internal(call.spec(i).dtype == dtype_of<T> && !call.in_place(i),
                   "an output has another type, or is written in place");
  Tensor& out = call.out(i);
  return out.numel() == numel ? out.as<T>() : nullptr;
}

}  // namespace flambeau
