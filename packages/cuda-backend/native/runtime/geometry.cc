#include "geometry.h"

#include <algorithm>

#include "failure.h"

namespace flambeau::cuda {

namespace {

int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

}  // namespace

Axes::Axes(const Shape& shape, const Strided* const* tensors, int count) : operands(count) {
  numel = shape.numel();
  int64_t all[kMaxOperands][kMaxDims];
  for (int k = 0; k < count; ++k) {
    const Strided& t = *tensors[k];
    data[k] = t.data;
    items[k] = static_cast<int64_t>(t.item_bytes());
    const int lead = shape.ndim - t.ndim();
    if (lead < 0) throw Failure("ERR_INTERNAL", "an operand has more axes than the loop");
    for (int axis = 0; axis < shape.ndim; ++axis) {
      const int64_t size = axis < lead ? 1 : t.size(axis - lead);
      if (size != shape.sizes[axis] && size != 1)
        throw Failure("ERR_INTERNAL", "an operand does not broadcast to the loop");
      all[k][axis] = size == 1 ? 0 : t.stride(axis - lead);
    }
  }
  int axes[kMaxDims];
  int rank = 0;
  for (int axis = shape.ndim - 1; axis >= 0; --axis)
    if (shape.sizes[axis] != 1) axes[rank++] = axis;
  // Insertion sort, innermost first: by the first operand that tells the two axes apart.
  const auto inner = [&](int a, int b) {
    for (int k = 0; k < count; ++k) {
      const int64_t left = magnitude(all[k][a]), right = magnitude(all[k][b]);
      if (left != right && left != 0 && right != 0) return left < right;
    }
    return false;
  };
  for (int i = 1; i < rank; ++i)
    for (int j = i; j > 0 && inner(axes[j], axes[j - 1]); --j) std::swap(axes[j], axes[j - 1]);
  for (int i = 0; i < rank; ++i) {
    const int64_t size = shape.sizes[axes[i]];
    bool merges = ndim > 0;
    for (int k = 0; k < count && merges; ++k)
      merges = all[k][axes[i]] == strides[k][ndim - 1] * sizes[ndim - 1];
    if (merges) {
      sizes[ndim - 1] *= size;
      continue;
    }
    sizes[ndim] = size;
    for (int k = 0; k < count; ++k) strides[k][ndim] = all[k][axes[i]];
    ++ndim;
  }
  if (ndim > 0) return;
  ndim = 1;
  sizes[0] = numel;
  for (int k = 0; k < count; ++k) strides[k][0] = 0;
}

Axes Axes::line(int64_t numel, const Strided* const* tensors, int count) {
  Axes axes;
  axes.operands = count;
  axes.ndim = 1;
  axes.numel = axes.sizes[0] = numel;
  for (int k = 0; k < count; ++k) {
    axes.data[k] = tensors[k]->data;
    axes.items[k] = static_cast<int64_t>(tensors[k]->item_bytes());
    axes.strides[k][0] = tensors[k]->ndim() > 0 || numel == 1 ? 1 : 0;
  }
  return axes;
}

bool Axes::aligned(int k, int count) const {
  if (strides[k][0] != 1 || !is_aligned(data[k], static_cast<size_t>(items[k] * count)))
    return false;
  for (int d = 1; d < ndim; ++d)
    if (strides[k][d] % count != 0) return false;
  return true;
}

Axes Axes::without(int a, int b) const {
  Axes result = *this;
  result.ndim = 0;
  result.numel = numel / sizes[a] / (a == b ? 1 : sizes[b]);
  for (int d = 0; d < ndim; ++d) {
    if (d == a || d == b) continue;
    result.sizes[result.ndim] = sizes[d];
    for (int k = 0; k < operands; ++k) result.strides[k][result.ndim] = strides[k][d];
    ++result.ndim;
  }
  if (result.ndim > 0) return result;
  result.ndim = 1;
  result.sizes[0] = 1;
  for (int k = 0; k < operands; ++k) result.strides[k][0] = 0;
  return result;
}

Axes Axes::grouped(int count) const {
  Axes result = *this;
  result.numel /= count;
  result.sizes[0] /= count;
  for (int k = 0; k < operands; ++k) {
    result.items[k] *= count;
    for (int d = 1; d < ndim; ++d) result.strides[k][d] /= count;
  }
  return result;
}

int Axes::split_axis() const {
  constexpr int64_t kMaxStride = INT32_MAX;
  for (int d = 0; d < ndim; ++d)
    for (int k = 0; k < operands; ++k)
      if (sizes[d] > 1 && magnitude(strides[k][d]) > kMaxStride) return d;
  if (numel <= kMaxVisits) return -1;
  int largest = 0;
  for (int d = 1; d < ndim; ++d)
    if (sizes[d] >= sizes[largest]) largest = d;
  return largest;
}

Axes Axes::part(int axis, int half) const {
  Axes result = *this;
  // Cut where alignment stays what it was.
  const int64_t middle =
      sizes[axis] >= 4096 ? sizes[axis] / 2 / 1024 * 1024 : (sizes[axis] + 1) / 2;
  const int64_t first = half == 0 ? 0 : middle;
  result.sizes[axis] = half == 0 ? middle : sizes[axis] - middle;
  result.numel = numel / sizes[axis] * result.sizes[axis];
  for (int k = 0; k < operands; ++k) result.data[k] += first * strides[k][axis] * items[k];
  if (result.sizes[axis] > 1) return result;
  for (int k = 0; k < operands; ++k) result.strides[k][axis] = 0;
  return result;
}

}  // namespace flambeau::cuda
