// Reading and writing at positions: slices with steps, index tensors, and their gradients.
//
// An indexed tensor has a group of `count` axes from `axis` on that one index tensor replaces; its
// values are places in the group, in row-major order. Several index tensors become one by the
// kernel indexPositions. Where places repeat, later ones are written later, and sums are added in
// that order: the result depends on no number of threads.
#include "index_lanes.h"
#include "window.h"

namespace flambeau {
namespace {

constexpr int64_t kNoPivot = INT64_MAX;
// Slices of this many elements and more are copied one after another, each by all threads.
constexpr int64_t kLargeSlice = int64_t{1} << 16;
// Elements up to which one thread alone writes to places that may repeat: some 50 µs of work.
constexpr int64_t kScatterGrain = 8 * kGrain;

// The places of an index tensor, checked and counted from 0, and where they are in memory.
struct Places {
  int64_t n;
  Tensor place;   // int64 [n]; without elements if not asked for
  Tensor offset;  // int64 [n], bytes
};

Places find_places(Call& call, const Tensor& index, const Tensor& indexed, const IndexGroup& group,
                   bool want_place) {
  const Tensor dense = call.contiguous(index);
  const int64_t n = dense.numel();
  const int64_t size = group.size_in(indexed);
  const int64_t item = static_cast<int64_t>(indexed.item_bytes());
  const int64_t lowest = group.wraps ? -size : 0;
  // Axes of the group, innermost first, those that lie together merged.
  AxisList axes;
  for (int i = group.axis + group.count - 1; i >= group.axis; --i)
    if (indexed.size(i) != 1) axes.add(indexed.size(i), indexed.stride(i) * item, 0);
  Places result{n, call.temporary({want_place ? n : 0}, DType::kInt64),
                call.temporary({n}, DType::kInt64)};
  int64_t* const places = want_place ? result.place.as<int64_t>() : nullptr;
  int64_t* const offsets = result.offset.as<int64_t>();
  with_index_type(dense, [&](auto zero) {
    const auto* values = dense.as<decltype(zero)>();
    if (axes.count <= 1 && places == nullptr) {
      // One axis, or several that lie together: nothing is to be taken apart.
      const int64_t step = axes.count == 0 ? 0 : axes.to[0];
      const auto range = static_cast<uint64_t>(size) - static_cast<uint64_t>(lowest);
      parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t place = static_cast<int64_t>(values[i]);
          if (static_cast<uint64_t>(place) - static_cast<uint64_t>(lowest) >= range)
            throw_outside(index, i, place, size, group.label);
          offsets[i] = (place + (place < 0 ? size : 0)) * step;
        }
      });
      return;
    }
    parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t place = static_cast<int64_t>(values[i]);
        if (place < lowest || place >= size) throw_outside(index, i, place, size, group.label);
        if (place < 0) place += size;
        if (places) places[i] = place;
        int64_t offset = 0;
        for (int d = 0; d + 1 < axes.count; ++d) {
          offset += place % axes.size[d] * axes.to[d];
          place /= axes.size[d];
        }
        offsets[i] = offset + (axes.count > 0 ? place * axes.to[axes.count - 1] : 0);
      }
    });
  });
  return result;
}

}  // namespace

void check_places(Call& call, const Tensor& index, int64_t size, bool wraps, int64_t label) {
  const Tensor dense = call.contiguous(index);
  const int64_t lowest = wraps ? -size : 0;
  const auto range = static_cast<uint64_t>(size) - static_cast<uint64_t>(lowest);
  with_index_type(dense, [&](auto zero) {
    const auto* places = dense.as<decltype(zero)>();
    const auto outside = [&](int64_t i) {
      return static_cast<uint64_t>(static_cast<int64_t>(places[i])) -
                 static_cast<uint64_t>(lowest) >=
             range;
    };
    parallel_for(dense.numel(), kGrain, [&](int64_t begin, int64_t end) {
      bool any = false;
      for (int64_t i = begin; i < end; ++i) any |= outside(i);
      for (int64_t i = begin; any && i < end; ++i)
        if (outside(i)) throw_outside(index, i, static_cast<int64_t>(places[i]), size, label);
    });
  });
}

namespace {

// Sets t's axes: those of `indexed` outside of the group and those of `other` outside of the
// index tensor's axes.
void set_axes(Transfer& t, const Tensor& indexed, const Tensor& other, const IndexGroup& group,
              int index_ndim, bool writes_indexed, int64_t pivot) {
  int64_t size[kMaxDims], a[kMaxDims], b[kMaxDims];
  int count = 0;
  const int64_t item = static_cast<int64_t>(indexed.item_bytes());
  for (int i = 0; i < indexed.ndim(); ++i) {
    if (i >= group.axis && i < group.axis + group.count) continue;
    const int j = i < group.axis ? i : i - group.count + index_ndim;
    size[count] = indexed.size(i);
    a[count] = indexed.stride(i) * item;
    b[count++] = other.stride(j) * item;
  }
  t.set_axes(count, size, writes_indexed ? a : b, writes_indexed ? b : a, pivot);
}

// The slice at byte offset `at` of the indexed tensor, or slice p of the other one.
Tensor slice_of(const Tensor& t, int first, int count, int64_t at) {
  Tensor slice = first_slice(t, first, count);
  slice.data += at;
  return slice;
}

void take(Call& call, const Tensor& x, const Tensor& index, const IndexGroup& group, Tensor& out) {
  const Places places = find_places(call, index, x, group, false);
  if (out.numel() == 0) return;
  Transfer t;
  t.to = out.data;
  t.from = x.data;
  t.n = places.n;
  t.at = places.offset.as<int64_t>();
  const int last = group.axis + index.ndim() - 1;
  t.step = index.ndim() == 0 ? 0 : out.stride(last) * static_cast<int64_t>(out.item_bytes());
  set_axes(t, x, out, group, index.ndim(), false, t.n == 1 ? kNoPivot : t.step);
  const int64_t inside = t.inside.numel();
  if (inside >= kLargeSlice && t.outside.count == 0) {
    for (int64_t p = 0; p < t.n; ++p)
      copy_into(slice_of(out, group.axis, index.ndim(), p * t.step),
                slice_of(x, group.axis, group.count, t.at[p]));
    return;
  }
  const bool streams =
      out.numel() * static_cast<int64_t>(out.item_bytes()) >= kStreamBytes && t.step % 64 == 0;
  with_item(x.item_bytes(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(t.n * t.outside.numel(), std::max<int64_t>(1, kGrain / inside),
                 [&](int64_t begin, int64_t end) {
                   if (!streams) return move_slices<T, false>(t, begin, end, Assign<T>{});
                   const AssignPastCaches<T> assign;
                   move_slices<T, false>(t, begin, end, assign);
                   assign.table.fence();
                 });
  });
}

// Moves all slices to places that may repeat: only slices that cannot meet run at the same time.
template <class T, class Op>
void scatter_slices(const Transfer& t, const Places& places, int64_t group_size, const Op& op) {
  const int64_t inside = t.inside.numel();
  const int64_t outside = t.outside.numel();
  const auto all = [&](const Transfer& part) {
    move_slices<T, true>(part, 0, part.n * outside, op);
  };
  if (num_threads() == 1 || inside * outside * t.n <= kScatterGrain) return all(t);
  if (outside >= num_threads()) {
    parallel_for(
        outside, std::max<int64_t>(1, kGrain / (inside * t.n)),
        [&](int64_t begin, int64_t end) { move_slices<T, true>(t, begin * t.n, end * t.n, op); });
    return;
  }
  // Columns of the slices.
  if (t.inside.count > 0 && t.inside.size[0] >= 256) {
    parallel_for(t.inside.size[0],
                 std::max<int64_t>(64, kGrain / (inside / t.inside.size[0] * t.n)),
                 [&](int64_t begin, int64_t end) {
                   Transfer part = t;
                   part.inside.size[0] = end - begin;
                   part.to += begin * t.inside.to[0];
                   part.from += begin * t.inside.from[0];
                   all(part);
                 });
    return;
  }
  // Parts of the group: each looks at all places and moves those of its own.
  const int64_t parts = num_threads();
  const int64_t* place = places.place.template as<int64_t>();
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    const int64_t low = group_size / parts * begin;
    const int64_t high = end == parts ? group_size : group_size / parts * end;
    scatter_range<T>(t, place, low, high, op);
  });
}

enum class Mode { kAssign, kAdd };

// out[…, places, …] = values, or += alpha · values. The values broadcast.
void put(Call& call, Tensor& out, const Tensor& index, const Tensor& given, const IndexGroup& group,
         Mode mode, double alpha) {
  if (given.dtype != out.dtype)
    throw Failure("ERR_INTERNAL", "values must have the dtype of the tensor they go to");
  const Places places = find_places(call, index, out, group, true);
  Tensor values = broadcast_values(given, group.replaced(out.shape, index.shape));
  if (values.numel() == 0) return;
  require_writable(out);
  Transfer t;
  if (shares_memory(out, given) || !single_step(values, group.axis, index.ndim(), &t.step)) {
    values = apart(call, values);
    single_step(values, group.axis, index.ndim(), &t.step);
  }
  const int64_t item = static_cast<int64_t>(out.item_bytes());
  t.step *= item;
  t.to = out.data;
  t.from = values.data;
  t.n = places.n;
  t.at = places.offset.as<int64_t>();
  int64_t pivot = kNoPivot;
  for (int i = group.axis; i < group.axis + group.count; ++i)
    if (out.size(i) > 1) pivot = std::min(pivot, out.stride(i) * item);
  set_axes(t, out, values, group, index.ndim(), true, pivot);
  const int64_t size = group.size_in(out);
  if (mode == Mode::kAssign) {
    with_item(out.item_bytes(), [&](auto zero) {
      using T = decltype(zero);
      scatter_slices<T>(t, places, size, Assign<T>{});
    });
    return;
  }
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    scatter_slices<T>(t, places, size, AddScaled<T>{static_cast<T>(alpha)});
  });
}

}  // namespace

// x, index [P..] -> x with the group of axes replaced by [P..]. Parameters: axis, count, wraps?,
// label. Keeps the memory order of x where the number of axes stays.
FLAMBEAU_KERNEL_ALL_TYPES(index) {
  const Tensor& x = call.in(0);
  const Tensor& index = call.in(1);
  const IndexGroup group(call, 0, x);
  Tensor& out = group.count == 1 && index.ndim() == 1 ? call.out_like(0, x) : call.out(0);
  if (!(out.shape == group.replaced(x.shape, index.shape)) || out.dtype != x.dtype)
    throw Failure("ERR_INTERNAL", "the indexed shape does not fit");
  take(call, x, index, group, out);
}

// grad, index [P..] -> zeros of spec's shape, grad added at the places. Parameters: as for index.
FLAMBEAU_KERNEL(indexGrad) {
  const Tensor& grad = call.in(0);
  const Tensor& index = call.in(1);
  Tensor& out = grad.ndim() == call.spec(0).shape.ndim ? call.out_like(0, grad) : call.out(0);
  const IndexGroup group(call, 0, out);
  if (!(grad.shape == group.replaced(out.shape, index.shape)))
    throw Failure("ERR_INTERNAL", "the gradient does not fit the indexed shape");
  clear(out);
  put(call, out, index, grad, group, Mode::kAdd, 1);
}

// x, index [P..], values -> x with the values (which broadcast to the indexed shape) written at the
// places, or alpha times them added there. Parameters: as for index; then add?, alpha.
FLAMBEAU_KERNEL_ALL_TYPES_IF(indexPut, !call.flag(4)) {
  Tensor& out = copy_or_target(call);
  put(call, out, call.in(1), call.in(2), IndexGroup(call, 0, out),
      call.flag(4) ? Mode::kAdd : Mode::kAssign, call.param(5));
}

// Index tensors that broadcast to spec's shape -> places in the group of all their axes, int64.
// Parameters: for each, how many places its axes have, and its label.
FLAMBEAU_KERNEL_ALL_TYPES(indexPositions) {
  Tensor& out = call.out(0);
  if (out.dtype != DType::kInt64 || call.num_params() != 2 * call.num_inputs())
    throw Failure("ERR_INTERNAL", "each index tensor comes with two parameters");
  clear(out);
  for (int k = 0; k < call.num_inputs(); ++k) {
    const int64_t size = call.integer(2 * k), label = call.integer(2 * k + 1);
    const Tensor& index = call.in(k);
    check_places(call, index, size, true, label);
    with_index_type(index, [&](auto zero) {
      using I = decltype(zero);
      Iteration<2>(out.shape, {&out, &index})
          .run(kGrain, [size](const auto& data, const auto& strides, int64_t n) {
            for (int64_t i = 0; i < n; ++i) {
              int64_t& sum = *reinterpret_cast<int64_t*>(data[0] + i * strides[0]);
              int64_t place =
                  static_cast<int64_t>(*reinterpret_cast<const I*>(data[1] + i * strides[1]));
              if (place < 0) place += size;
              sum = sum * size + place;
            }
          });
    });
  }
}

namespace {

// to += from, which broadcasts and has the same dtype.
void add_into(Call& call, const Tensor& to, const Tensor& from) {
  if (to.dtype != from.dtype) throw Failure("ERR_INTERNAL", "sums need one dtype");
  require_writable(to);
  const Tensor source = shares_memory(to, from) ? apart(call, from) : from;
  with_type(to.dtype, [&](auto zero) {
    using T = decltype(zero);
    Iteration<2>(to.shape, {&to, &source})
        .run(kGrain, [](const auto& data, const auto& strides, int64_t n) {
          const AddScaled<T> add{T(1)};
          for (int64_t i = 0; i < n; ++i)
            add(*reinterpret_cast<T*>(data[0] + i * strides[0]),
                *reinterpret_cast<const T*>(data[1] + i * strides[1]));
        });
  });
}

}  // namespace

// x -> the part that the parameters describe (see window_of), a view.
FLAMBEAU_KERNEL_ANY_DEVICE(at) {
  int64_t offset;
  const Tensor part = window_of(call.in(0), call, 0, &offset);
  if (!(part.shape == call.spec(0).shape)) throw Failure("ERR_INTERNAL", "another shape");
  call.out_view(0, 0, offset, part.strides);
}

// grad -> zeros of spec's shape with grad at the part that the parameters describe.
FLAMBEAU_KERNEL_ANY_DEVICE(atGrad) {
  const Tensor& grad = call.in(0);
  Tensor& out = grad.ndim() == call.spec(0).shape.ndim ? call.out_like(0, grad) : call.out(0);
  int64_t offset;
  const Tensor part = window_of(out, call, 0, &offset);
  if (!(part.shape == grad.shape)) throw Failure("ERR_INTERNAL", "the gradient does not fit");
  fill_with(out, 0);
  copy_into(part, grad);
}

// x, value -> x with the value (which broadcasts) written to the part that the parameters describe,
// or added there. Parameters: add?, then those of window_of.
FLAMBEAU_KERNEL_ALL_TYPES_IF(setAt, !call.flag(0)) {
  Tensor& out = copy_or_target(call);
  int64_t offset;
  const Tensor part = window_of(out, call, 1, &offset);
  if (part.numel() == 0) return;
  if (call.flag(0)) return add_into(call, part, call.in(1));
  copy_into(part, call.in(1));
}

}  // namespace flambeau
