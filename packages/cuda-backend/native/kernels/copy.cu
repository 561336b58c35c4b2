// Copies: between any two layouts, from any type to any other (convert.cu).
#include "copy.h"
#include "elements.h"
#include "geometry.h"
#include "hold.h"
#include "memory.h"
#include "primitives.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 128;
constexpr int kPerThread = 4;

// Elements of 1, 2, 4, 8 or 16 bytes. A thread copies one of each row of threads.
template <class T>
__global__ void __launch_bounds__(kThreads) copy_items(Geometry<2> geometry, T* to, const T* from) {
  const uint32_t first = blockIdx.x * (kThreads * kPerThread) + threadIdx.x;
  T item[kPerThread];
  int64_t place[kPerThread];
#pragma unroll
  for (int j = 0; j < kPerThread; ++j) {
    const uint32_t i = first + j * kThreads;
    if (i >= geometry.numel) continue;
    int64_t at[2];
    geometry.locate(i, at);
    place[j] = at[0];
    item[j] = from[at[1]];
  }
#pragma unroll
  for (int j = 0; j < kPerThread; ++j)
    if (first + j * kThreads < geometry.numel) to[place[j]] = item[j];
}

template <class T>
void launch_items(const Axes& axes, cudaStream_t stream) {
  launch(copy_items<T>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads * kPerThread)),
         kThreads, 0, stream, Geometry<2>(axes),
         reinterpret_cast<T*>(const_cast<char*>(axes.data[0])),
         reinterpret_cast<const T*>(axes.data[1]));
}

// --- transposes ---

// Planes of rows and columns: columns are neighbours in `to`, rows in `from`.
struct Turned {
  uint32_t rows, columns;
  FastDivide row_tiles, column_tiles;
  int64_t to_row, from_column;  // strides
  Geometry<2> planes;
};

constexpr int kTurnWidth = 32;
constexpr int kTurnHeight = 8;
// Tiles of small items are larger, so that their rows still fill an access of the memory.
template <class T>
constexpr int kTile = sizeof(T) < 4 ? 64 : 32;

template <class T>
__global__ void __launch_bounds__(kTurnWidth* kTurnHeight)
    copy_turned(Turned turned, T* to, const T* from) {
  constexpr int kSide = kTile<T>;
  __shared__ T tile[kSide][kSide + (sizeof(T) < 4 ? 4 / sizeof(T) : 1)];
  uint32_t column_tile, row_tile;
  const uint32_t rest = turned.column_tiles.divide(blockIdx.x, &column_tile);
  const uint32_t plane = turned.row_tiles.divide(rest, &row_tile);
  int64_t at[2];
  turned.planes.locate(plane, at);
  const uint32_t row = row_tile * kSide, column = column_tile * kSide;
#pragma unroll
  for (int c = 0; c < kSide; c += kTurnHeight) {
#pragma unroll
    for (int r = 0; r < kSide; r += kTurnWidth) {
      const uint32_t i = row + r + threadIdx.x, j = column + c + threadIdx.y;
      if (i < turned.rows && j < turned.columns)
        tile[c + threadIdx.y][r + threadIdx.x] = from[at[1] + j * turned.from_column + i];
    }
  }
  __syncthreads();
#pragma unroll
  for (int r = 0; r < kSide; r += kTurnHeight) {
#pragma unroll
    for (int c = 0; c < kSide; c += kTurnWidth) {
      const uint32_t i = row + r + threadIdx.y, j = column + c + threadIdx.x;
      if (i < turned.rows && j < turned.columns)
        to[at[0] + i * turned.to_row + j] = tile[c + threadIdx.x][r + threadIdx.y];
    }
  }
}

// The axis along which neighbours lie in the source, where that is another one than in the target
// and tiles pay; or 0.
int turned_axis(const Axes& axes) {
  constexpr int64_t kLeast = 8;
  if (axes.strides[0][0] != 1 || axes.strides[1][0] == 1 || axes.sizes[0] < kLeast) return 0;
  for (int d = 1; d < axes.ndim; ++d)
    if (axes.strides[1][d] == 1 && axes.sizes[d] >= kLeast) return d;
  return 0;
}

template <class T>
void launch_turned(const Axes& axes, int axis, cudaStream_t stream) {
  const Axes planes = axes.without(0, axis);
  const auto row_tiles = static_cast<uint32_t>(ceil_divide(axes.sizes[axis], kTile<T>));
  const auto column_tiles = static_cast<uint32_t>(ceil_divide(axes.sizes[0], kTile<T>));
  const Turned turned = {static_cast<uint32_t>(axes.sizes[axis]),
                         static_cast<uint32_t>(axes.sizes[0]),
                         FastDivide(row_tiles),
                         FastDivide(column_tiles),
                         axes.strides[0][axis],
                         axes.strides[1][0],
                         Geometry<2>(planes)};
  launch(copy_turned<T>, static_cast<unsigned>(planes.numel) * row_tiles * column_tiles,
         dim3(kTurnWidth, kTurnHeight), 0, stream, turned,
         reinterpret_cast<T*>(const_cast<char*>(axes.data[0])),
         reinterpret_cast<const T*>(axes.data[1]));
}

// Elements of one type, as they are.
void copy_alike(const Axes& axes, cudaStream_t stream) {
  const size_t item = static_cast<size_t>(axes.items[0]);
  if (axes.contiguous(0) && axes.contiguous(1)) {
    check(cudaMemcpyAsync(const_cast<char*>(axes.data[0]), axes.data[1],
                          static_cast<size_t>(axes.numel) * item, cudaMemcpyDeviceToDevice, stream),
          "cudaMemcpyAsync");
    return;
  }
  if (const int axis = turned_axis(axes))
    return with_item(item, [&](auto zero) { launch_turned<decltype(zero)>(axes, axis, stream); });
  for (int count = static_cast<int>(16 / item); count > 1; count /= 2) {
    if (axes.sizes[0] % count != 0 || !axes.aligned(0, count) || !axes.aligned(1, count)) continue;
    const Axes grouped = axes.grouped(count);
    if (grouped.items[0] == 16) return launch_items<uint4>(grouped, stream);
    return with_item(static_cast<size_t>(grouped.items[0]),
                     [&](auto zero) { launch_items<decltype(zero)>(grouped, stream); });
  }
  with_item(item, [&](auto zero) { launch_items<decltype(zero)>(axes, stream); });
}

// Memory of the stream that goes back when this does.
class Apart {
 public:
  Apart(int device, cudaStream_t stream, const Tensor& like)
      : allocator_(allocator_of(device)), tensor_(like) {
    tensor_.data =
        static_cast<char*>(allocator_.allocate(checked_bytes(like.shape, like.dtype), stream));
    contiguous_strides(tensor_.shape, tensor_.strides);
  }
  ~Apart() { allocator_.deallocate(tensor_.data); }
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  const Tensor& tensor() const { return tensor_; }

 private:
  Allocator& allocator_;
  Tensor tensor_;
};

}  // namespace

void copy_strided(int device, cudaStream_t stream, const Tensor& to, const Tensor& from) {
  if (to.numel() == 0 || (to.dtype == from.dtype && same_elements(to, from))) return;
  require_writable(to);
  if (overlaps(to, from)) {
    const Apart apart(device, stream, from);
    copy_strided(device, stream, apart.tensor(), from);
    return copy_strided(device, stream, to, apart.tensor());
  }
  const Axes all(to.shape, std::array<const Strided*, 2>{&to, &from});
  copy_axes(stream, all, to.dtype, from.dtype);
}

bool hold_copy(Graph& graph, const Tensor& to, const Tensor& from) {
  if (to.numel() == 0 || (to.dtype == from.dtype && same_elements(to, from))) return true;
  if (!fusion::can_hold(to) || overlaps(to, from)) return false;
  fusion::Step step;
  step.inputs[0] = fusion::Operand::memory(to, from);
  // Copies that turn axes are faster by tiles.
  const int64_t inner = step.inputs[0].walk.strides[0];
  if (to.dtype == from.dtype && inner > 1) return false;
  step.type = from.dtype;
  step.count = 1;
  step.out_type = to.dtype;
  step.out = to.data;
  step.numel = to.numel();
  const Axes all(to.shape, std::array<const Strided*, 2>{&to, &from});
  step.launch = [all, to_type = to.dtype, from_type = from.dtype](cudaStream_t stream) {
    copy_axes(stream, all, to_type, from_type);
  };
  graph.hold(std::move(step));
  return true;
}

void copy_axes(cudaStream_t stream, const Axes& all, DType to, DType from) {
  all.for_parts([&](const Axes& axes) {
    if (to == from) {
      copy_alike(axes, stream);
    } else {
      convert_axes(stream, axes, to, from);
    }
  });
}

}  // namespace flambeau::cuda
