// Reductions on the device: rows (the innermost axis is reduced) and columns (it is kept), split
// over more blocks where there are few outputs. Only for reduce*.cu.
//
// What is reduced is told by a structure R:
//   Element                   the type of elements as stored; R::take gets it computed with
//   kUnroll                   accesses that a thread begins before it takes in what they read; 1
//   where
//                             taking in is long
//   Local                     what a thread keeps; Local() is of no elements
//   State                     what is exchanged
//   take(local, x, place, n)  takes in element x at `place` of the reduced positions
//   settle(local) -> State    of what a thread took in
//   merge(a, b) -> State      of both
//   finish(state, end, i)     writes output i
// Results depend on shapes and the device alone, not on the order in which blocks run.
#pragma once

#include "elements.h"
#include "geometry.h"
#include "primitives.h"

namespace flambeau::cuda {

// What is done with an accumulator in the end.
enum class Finish : int { kItself, kAverage, kAny, kAll, kRoot, kPowerRoot, kSpread, kDeviation };

// What the end of a reduction may depend on, and where it goes.
struct ReduceEnd {
  Finish finish = Finish::kItself;
  int64_t count = 1;  // elements for each output
  double param = 0;   // the power of a norm, the correction of a variance
  char* outs[2] = {};
  DType types[2] = {};
};

// --- device ---

// A part of a reduction that is one launch: all outputs of some, and a part of what they reduce.
struct ReducePart {
  Geometry<1> kept;
  Geometry<1> reduced;
  uint32_t piece;   // reduced positions of a block; a multiple of 8 unless it is all of them
  uint32_t splits;  // blocks for the same outputs
  int64_t output0;  // the first output
  int64_t place0;   // the first reduced position
  uint32_t slot0;   // the first of an output's partial results, and how many it has in all
  uint32_t slots;
  char* partial;  // where they go; null: the reduction ends here
};

inline constexpr int kReduceThreads = 256;
// As many accesses as keep 64 bytes on their way.
template <class T>
inline constexpr int kShortUnroll = sizeof(T) < 4 ? 2 : 4;
// Elements of an access.
template <class R>
inline constexpr int kReducePack = std::min(R::kUnroll == 1 ? 4 : 8,
                                            16 / static_cast<int>(sizeof(typename R::Element)));

template <class R>
struct Merge {
  using State = typename R::State;
  __device__ State operator()(const State& a, const State& b) const { return R::merge(a, b); }
  template <class S>
  __device__ static S identity() {
    return R::settle(typename R::Local());
  }
};

template <class R>
__device__ void leave(const typename R::State& state, const ReducePart& part, const ReduceEnd& end,
                      uint32_t output) {
  if (part.partial) {
    const int64_t slot = static_cast<int64_t>(part.output0 + output) * part.slots + part.slot0;
    reinterpret_cast<typename R::State*>(part.partial)[slot + blockIdx.y] = state;
  } else {
    R::finish(state, end, part.output0 + output);
  }
}

template <class T>
__device__ __forceinline__ Computed<T> read_as(const Stored<T>* x, int64_t i) {
  return static_cast<Computed<T>>(widened(x[i]));
}

// Rows of `lanes` threads each: a power of two up to a warp, or the whole block. `packed`: each row
// is a line or several, which are contiguous, aligned, and unless there is one, full of packs.
template <class R>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_rows(ReducePart part, const Stored<typename R::Element>* x, int lanes, bool packed,
                ReduceEnd end) {
  using T = typename R::Element;
  constexpr int V = kReducePack<R>;
  const int lane = threadIdx.x & (lanes - 1);
  const uint32_t output = blockIdx.x * (kReduceThreads / lanes) + threadIdx.x / lanes;
  typename R::Local local;
  if (output < part.kept.numel) {
    int64_t at[1];
    part.kept.locate(output, at);
    const Stored<T>* const row = x + at[0];
    const uint32_t begin = blockIdx.y * part.piece;
    const uint32_t limit = min(begin + part.piece, part.reduced.numel);
    uint32_t i = begin + lane;
    if (packed) {
      const uint32_t step = lanes * V;
      const bool line = part.reduced.ndim == 1;
      for (i = begin + lane * V; i + (R::kUnroll - 1) * step + V <= limit; i += R::kUnroll * step) {
        Pack<Stored<T>, V> packs[R::kUnroll];
#pragma unroll
        for (int k = 0; k < R::kUnroll; ++k) {
          at[0] = i + k * step;
          if (!line) part.reduced.locate(i + k * step, at);
          packs[k] = load_pack<V>(row + at[0]);
        }
#pragma unroll
        for (int k = 0; k < R::kUnroll; ++k)
#pragma unroll
          for (int j = 0; j < V; ++j)
            R::take(local, static_cast<Computed<T>>(widened(packs[k][j])),
                    part.place0 + i + k * step + j, end);
      }
      for (; i + V <= limit; i += step) {
        at[0] = i;
        if (!line) part.reduced.locate(i, at);
        const auto pack = load_pack<V>(row + at[0]);
#pragma unroll
        for (int j = 0; j < V; ++j)
          R::take(local, static_cast<Computed<T>>(widened(pack[j])), part.place0 + i + j, end);
      }
      // Less than a pack is left for one thread, of a line.
      for (; i < limit; ++i) R::take(local, read_as<T>(row, i), part.place0 + i, end);
    } else if (part.reduced.ndim == 1) {
      const int64_t stride = part.reduced.strides[0][0];
      for (; i + (R::kUnroll - 1) * lanes < limit; i += R::kUnroll * lanes) {
        Stored<T> read[R::kUnroll];
#pragma unroll
        for (int k = 0; k < R::kUnroll; ++k) read[k] = row[(i + k * lanes) * stride];
#pragma unroll
        for (int k = 0; k < R::kUnroll; ++k)
          R::take(local, static_cast<Computed<T>>(widened(read[k])), part.place0 + i + k * lanes,
                  end);
      }
      for (; i < limit; i += lanes)
        R::take(local, read_as<T>(row, i * stride), part.place0 + i, end);
    } else {
      for (; i < limit; i += lanes) {
        part.reduced.locate(i, at);
        R::take(local, read_as<T>(row, at[0]), part.place0 + i, end);
      }
    }
  }
  typename R::State state = R::settle(local);
  if (lanes > kWarp) {
    state = block_reduce<Merge<R>>(state);
  } else {
    for (int distance = lanes / 2; distance > 0; distance /= 2)
      state = R::merge(state, shuffle_xor(state, distance));
  }
  if (lane == 0 && output < part.kept.numel) leave<R>(state, part, end, output);
}

// A column of threads works on V neighbouring outputs, each of its rows on another part of the
// reduced positions. `blockDim` is (columns, rows).
template <class R, int V>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_columns(ReducePart part, const Stored<typename R::Element>* x, ReduceEnd end) {
  using T = typename R::Element;
  using State = typename R::State;
  const uint32_t output = (blockIdx.x * blockDim.x + threadIdx.x) * V;
  typename R::Local local[V];
  if (output < part.kept.numel) {
    int64_t at[1];
    part.kept.locate(output, at);
    const Stored<T>* const column = x + at[0];
    const uint32_t begin = blockIdx.y * part.piece;
    const uint32_t limit = min(begin + part.piece, part.reduced.numel);
    const uint32_t step = blockDim.y;
    uint32_t i = begin + threadIdx.y;
    if (part.reduced.ndim == 1) {
      const int64_t stride = part.reduced.strides[0][0];
      for (; i + (R::kUnroll - 1) * step < limit; i += R::kUnroll * step) {
        Pack<Stored<T>, V> packs[R::kUnroll];
#pragma unroll
        for (int k = 0; k < R::kUnroll; ++k)
          packs[k] = load_pack<V>(column + (i + k * step) * stride);
#pragma unroll
        for (int k = 0; k < R::kUnroll; ++k)
#pragma unroll
          for (int j = 0; j < V; ++j)
            R::take(local[j], static_cast<Computed<T>>(widened(packs[k][j])),
                    part.place0 + i + k * step, end);
      }
    }
    for (; i < limit; i += step) {
      part.reduced.locate(i, at);
      const auto pack = load_pack<V>(column + at[0]);
#pragma unroll
      for (int j = 0; j < V; ++j)
        R::take(local[j], static_cast<Computed<T>>(widened(pack[j])), part.place0 + i, end);
    }
  }
  FLAMBEAU_SHARED(State, states);
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
  for (int j = 0; j < V; ++j) {
    State state = R::settle(local[j]);
    for (unsigned rows = blockDim.y / 2; rows > 0; rows /= 2) {
      __syncthreads();  // what was there has been read
      if (threadIdx.y >= rows && threadIdx.y < 2 * rows) states[thread] = state;
      __syncthreads();
      if (threadIdx.y < rows) state = R::merge(state, states[thread + rows * blockDim.x]);
    }
    if (threadIdx.y == 0 && output + j < part.kept.numel) leave<R>(state, part, end, output + j);
  }
}

// Joins the partial results of each output, in order, by `lanes` threads: a warp or the block.
template <class R>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_partial(const char* partial, uint32_t slots, int64_t outputs, int lanes, ReduceEnd end) {
  using State = typename R::State;
  const int lane = threadIdx.x & (lanes - 1);
  const int64_t output =
      static_cast<int64_t>(blockIdx.x) * (kReduceThreads / lanes) + threadIdx.x / lanes;
  State state = R::settle(typename R::Local());
  if (output < outputs) {
    const State* const own = reinterpret_cast<const State*>(partial) + output * slots;
    for (uint32_t i = lane; i < slots; i += lanes) state = R::merge(state, own[i]);
  }
  if (lanes > kWarp) {
    state = block_reduce<Merge<R>>(state);
  } else {
    for (int distance = lanes / 2; distance > 0; distance /= 2)
      state = R::merge(state, shuffle_xor(state, distance));
  }
  if (lane == 0 && output < outputs) R::finish(state, end, output);
}

// Writes a floating result in its type, or a whole one.
__device__ __forceinline__ void write_real(char* out, DType type, int64_t i, double value) {
  if (type == DType::kFloat64) {
    reinterpret_cast<double*>(out)[i] = value;
  } else {
    write_computed<float>(out, i, type, static_cast<float>(value));
  }
}
__device__ __forceinline__ void write_whole(char* out, DType type, int64_t i, int64_t value) {
  switch (type) {
    case DType::kInt64: reinterpret_cast<int64_t*>(out)[i] = value; break;
    case DType::kBool: reinterpret_cast<bool*>(out)[i] = value != 0; break;
    case DType::kUInt8: reinterpret_cast<uint8_t*>(out)[i] = static_cast<uint8_t>(value); break;
    default: write_computed<int32_t>(out, i, type, static_cast<int32_t>(value));
  }
}

}  // namespace flambeau::cuda
