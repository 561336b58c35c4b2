// Scaled dot-product attention without the matrix of scores, and its gradients. See
// docs/decisions/0018-attention.md.
#include "attention.h"

#include <algorithm>
#include <optional>

#include "heads.h"
#include "isa.h"
#include "kernel.h"
#include "parallel.h"
#include "scratch.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(AttentionTable, attention_table)

namespace {

template <class T>
const AttentionFunctions<T>& attention_functions() {
  if constexpr (std::is_same_v<T, double>) {
    return active::attention_table().f64;
  } else {
    return active::attention_table().f32;
  }
}

void require(bool holds, const char* what) {
  if (!holds) throw Failure("ERR_INTERNAL", what);
}

// Products that a task should have at least, some ten microseconds.
constexpr double kLeastProducts = 1e6;
// Tasks per head into which the backward pass of few heads is cut, by sizes alone.
constexpr int64_t kTasks = 8;
constexpr int64_t kMostKeys = 1024;  // of one task

// The matrices [rows, columns] that the last two axes hold, by number.
class Matrices {
 public:
  // `heads`: as many leading axes as this one's, whose last one is shared in groups.
  Matrices(const Tensor& t, const Tensor& heads) : t_(t) {
    const int axes = t.ndim() - 2;
    require(axes >= 0 && axes == heads.ndim() - 2, "all operands must have as many axes");
    for (int axis = 0; axis < axes; ++axis) sizes_[axis] = heads.size(axis);
    for (int axis = 0; axis + 1 < axes; ++axis)
      require(t.size(axis) == sizes_[axis], "leading axes differ");
    if (axes == 0) return;
    const int64_t own = t.size(axes - 1), all = sizes_[axes - 1];
    require(own == all || (own > 0 && all % own == 0), "heads cannot be shared");
    if (own > 0) group_ = all / own;
  }
  int64_t offset(int64_t head) const {
    int64_t offset = 0;
    for (int axis = t_.ndim() - 3; axis >= 0; --axis) {
      int64_t at = head % sizes_[axis];
      head /= sizes_[axis];
      if (axis == t_.ndim() - 3) at /= group_;
      offset += at * t_.stride(axis);
    }
    return offset;
  }
  // How many heads of `heads` share one of these.
  int64_t group() const { return group_; }
  template <class T>
  Rows2d<T> rows(int64_t head) const {
    return {t_.as<T>() + offset(head), row(), column()};
  }
  int64_t row() const { return t_.stride(t_.ndim() - 2); }
  int64_t column() const { return t_.stride(t_.ndim() - 1); }
  const Tensor& tensor() const { return t_; }

 private:
  const Tensor& t_;
  int64_t sizes_[kMaxDims];
  int64_t group_ = 1;
};

int64_t rows_of(const Tensor& t) { return t.size(t.ndim() - 2); }
int64_t columns_of(const Tensor& t) { return t.size(t.ndim() - 1); }

// The operands that forward and backward share: inputs `first` to `first` + 4 of a call, query,
// key, value, mask and bits; the parameters are scale, causal, keep.
template <class T>
struct Operands {
  Matrices q, k, v;
  const Tensor* mask;
  std::optional<Matrices> masks;
  Tensor bits;
  int64_t heads;
  AttentionHead<T> common = {};

  Operands(Call& call, int first)
      : q(call.in(first), call.in(first)),
        k(call.in(first + 1), call.in(first)),
        v(call.in(first + 2), call.in(first)),
        mask(call.has(first + 3) ? &call.in(first + 3) : nullptr) {
    const Tensor &query = q.tensor(), &key = k.tensor(), &value = v.tensor();
    for (const Tensor* t : {&query, &key, &value})
      require(t->dtype == dtype_of<T>, "query, key and value must have one type");
    require(columns_of(query) == columns_of(key) && rows_of(key) == rows_of(value),
            "the sizes of query, key and value differ");
    require(k.group() == v.group(), "key and value must have as many heads");
    heads = 1;
    for (int axis = 0; axis + 2 < query.ndim(); ++axis) heads *= query.size(axis);
    common.source = rows_of(key);
    common.e = columns_of(query);
    common.ev = columns_of(value);
    common.scale = static_cast<T>(call.param(0));
    common.causal = call.flag(1);
    common.keep = static_cast<T>(call.param(2));
    if (mask) {
      masks.emplace(*mask, query);
      require(
          masks->group() == 1 && rows_of(*mask) == length() && columns_of(*mask) == common.source,
          "the mask does not fit the scores");
      require(mask->dtype == dtype_of<T> || mask->dtype == DType::kBool,
              "the mask is bool or of the query's type");
    }
    if (call.has(first + 4)) {
      bits = call.contiguous(call.in(first + 4));
      require(bits.dtype == DType::kUInt8 &&
                  bits.numel() >= (heads * length() * common.source + 7) / 8 + 8,
              "there are too few bits");
    }
  }
  int64_t length() const { return rows_of(q.tensor()); }
  int64_t blocks() const { return (length() + kQueries - 1) / kQueries; }
  AttentionHead<T> head(int64_t index, int64_t block) const {
    AttentionHead<T> h = common;
    h.first = block * kQueries;
    h.count = std::min(kQueries, length() - h.first);
    h.q = q.template rows<T>(index);
    h.k = k.template rows<T>(index);
    h.v = v.template rows<T>(index);
    if (mask) {
      h.mask.row = masks->row();
      h.mask.column = masks->column();
      if (mask->dtype == DType::kBool) {
        h.mask.allowed = mask->as<uint8_t>() + masks->offset(index);
      } else {
        h.mask.summand = mask->as<T>() + masks->offset(index);
      }
    }
    if (bits.data) {
      h.bits = bits.as<uint8_t>();
      h.bit = index * length() * common.source;
    }
    return h;
  }
  // Products of one block of queries with one key and value each, for all keys.
  double cost() const {
    const double queries = static_cast<double>(std::min(kQueries, length()));
    return queries * static_cast<double>(common.source) *
           static_cast<double>(common.e + common.ev + 8) / (common.causal ? 2 : 1);
  }
  bool one_by_one() const {
    return length() <= kFewQueries && !bits.data && q.column() == 1 && k.column() == 1 &&
           v.column() == 1 && common.e % 16 == 0 && common.ev % 16 == 0;
  }
};

int64_t tasks_at_once(double cost) {
  return std::max<int64_t>(1, static_cast<int64_t>(4 * kLeastProducts / std::max(cost, 1.0)));
}

template <class T>
void forward(Call& call) {
  const Operands<T> o(call, 0);
  const Tensor& query = o.q.tensor();
  Shape expected = query.shape;
  expected.sizes[expected.ndim - 1] = o.common.ev;
  require(call.spec(0).shape == expected && call.spec(0).dtype == query.dtype,
          "the output does not fit");
  Tensor& out = output_by_queries(call, 0);
  T* lse = nullptr;
  if (call.num_outputs() > 1) {
    require(call.spec(1).shape.numel() == o.heads * o.length() && call.spec(1).dtype == out.dtype,
            "there is one sum for each query");
    lse = call.out(1).template as<T>();
  }
  if (out.numel() == 0 && !lse) return;
  const Matrices outs(out, query);
  const bool few = o.one_by_one();
  const int64_t needed = few ? attention_few_work(o.common.source, o.common.ev)
                             : attention_forward_work(o.common.e, o.common.ev);
  parallel_for(o.heads * o.blocks(), tasks_at_once(o.cost()), [&](int64_t begin, int64_t end) {
    const Scratch<T> work(needed);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t index = task / o.blocks();
      const AttentionForward<T> job = {o.head(index, task % o.blocks()),
                                       out.as<T>() + outs.offset(index), outs.row(),
                                       lse ? lse + index * o.length() : nullptr};
      const AttentionFunctions<T>& functions = attention_functions<T>();
      (few ? functions.few : functions.forward)(job, work.data());
    }
  });
}

// to[i, c] = factor · from[i · row + c]
template <class T>
void write_rows(int64_t rows, int64_t columns, const T* from, int64_t row, T factor, T* to,
                int64_t to_row) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t c = 0; c < columns; ++c) to[i * to_row + c] = factor * from[i * row + c];
}

template <class T>
class Backward {
 public:
  explicit Backward(Call& call)
      : o_(call, 1),
        grads_(call.in(0), o_.q.tensor()),
        out_(call.in(6), o_.q.tensor()),
        lse_(call.contiguous(call.in(7))),
        delta_(o_.heads * o_.length()) {
    const Shape& shape = call.in(0).shape;
    require(shape == call.in(6).shape && rows_of(call.in(0)) == o_.length() &&
                columns_of(call.in(0)) == o_.common.ev && grads_.group() == 1,
            "the gradient does not look like the output");
    require(call.in(0).dtype == dtype_of<T> && call.in(6).dtype == dtype_of<T> &&
                lse_.dtype == dtype_of<T> && lse_.numel() == o_.heads * o_.length(),
            "the gradient does not fit");
    for (int i = 0; i < 3; ++i) {
      const Tensor& input = call.in(1 + i);
      const bool wanted = call.spec(i).shape == input.shape;
      require(call.spec(i).dtype == input.dtype, "gradients have the types of their inputs");
      if (wanted) {
        results_[i] = &output_by_queries(call, i);
      } else {
        call.out(i);
      }
    }
  }

  void run() {
    if (o_.heads == 0) return;
    find_deltas();
    const int64_t group = o_.k.group(), shared = o_.heads / group;
    const int64_t source = o_.common.source;
    const int64_t parts = std::min(
        std::max((source + kMostKeys - 1) / kMostKeys, kTasks / std::max<int64_t>(shared, 1)),
        std::max<int64_t>(1, source / (2 * kBackwardKeys)));
    part_keys_ = ((source + parts - 1) / parts + kBackwardKeys - 1) / kBackwardKeys * kBackwardKeys;
    parts_ = part_keys_ == 0 ? 1 : (source + part_keys_ - 1) / part_keys_;
    if (parts_ < 1) parts_ = 1;
    const int64_t size = o_.length() * o_.common.e;
    const Scratch<T> partial(parts_ > 1 && results_[0] ? parts_ * o_.heads * size : 0);
    const double cost =
        2.5 * o_.cost() * static_cast<double>(o_.blocks() * group) / static_cast<double>(parts_);
    parallel_for(shared * parts_, tasks_at_once(cost), [&](int64_t begin, int64_t end) {
      const Scratch<T> work(attention_backward_work(o_.common.e, o_.common.ev));
      const Scratch<T> sums(part_keys_ *
                            (attention_pad(o_.common.e) + attention_pad(o_.common.ev)));
      for (int64_t task = begin; task < end; ++task)
        one(task / parts_, task % parts_, partial.data(), sums.data(), work.data());
    });
    if (parts_ > 1 && results_[0]) add_partial(partial.data());
  }

 private:
  // delta = sum of grad · out, for each query.
  void find_deltas() {
    const int64_t length = o_.length(), ev = o_.common.ev;
    const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, length * ev));
    parallel_for(o_.heads, grain, [&](int64_t begin, int64_t end) {
      for (int64_t head = begin; head < end; ++head) {
        const Rows2d<T> g = grads_.rows<T>(head), y = out_.rows<T>(head);
        for (int64_t i = 0; i < length; ++i) {
          constexpr int64_t kSums = 16;
          T sums[kSums] = {};
          const T *a = g.data + i * g.row, *b = y.data + i * y.row;
          int64_t c = 0;
          if (g.column == 1 && y.column == 1)
            for (; c + kSums <= ev; c += kSums)
              for (int64_t l = 0; l < kSums; ++l) sums[l] += a[c + l] * b[c + l];
          for (; c < ev; ++c) sums[c % kSums] += a[c * g.column] * b[c * y.column];
          for (int64_t step = kSums / 2; step > 0; step /= 2)
            for (int64_t l = 0; l < step; ++l) sums[l] += sums[l + step];
          delta_.data()[head * length + i] = sums[0];
        }
      }
    });
  }

  // One part of the keys of one head, for all queries of the heads that share it.
  void one(int64_t shared, int64_t part, T* partial, T* sums, T* work) const {
    const int64_t group = o_.k.group(), length = o_.length();
    const int64_t e = o_.common.e, ev = o_.common.ev;
    const int64_t pe = attention_pad(e), pv = attention_pad(ev);
    AttentionBackward<T> job = {};
    job.first_key = part * part_keys_;
    job.last_key = std::min(o_.common.source, job.first_key + part_keys_);
    const int64_t keys = job.last_key - job.first_key;
    job.dk = results_[1] ? sums : nullptr;
    job.dv = results_[2] ? sums + part_keys_ * pe : nullptr;
    if (job.dk) std::fill(job.dk, job.dk + keys * pe, T{});
    if (job.dv) std::fill(job.dv, job.dv + keys * pv, T{});
    for (int64_t head = shared * group; head < (shared + 1) * group; ++head) {
      job.grad = grads_.rows<T>(head);
      job.lse = lse_.as<T>() + head * length;
      job.delta = delta_.data() + head * length;
      if (results_[0] && parts_ > 1) {
        job.dq = partial + (part * o_.heads + head) * length * e;
        job.dq_row = e;
      } else if (results_[0]) {
        const Matrices dq(*results_[0], o_.q.tensor());
        job.dq = results_[0]->as<T>() + dq.offset(head);
        job.dq_row = dq.row();
      }
      for (int64_t block = 0; block < o_.blocks(); ++block) {
        job.head = o_.head(head, block);
        attention_functions<T>().backward(job, work);
      }
    }
    const int64_t first = job.first_key;
    if (job.dk) {
      const Matrices dk(*results_[1], o_.q.tensor());
      write_rows(keys, e, job.dk, pe, o_.common.scale,
                 results_[1]->as<T>() + dk.offset(shared * group) + first * dk.row(), dk.row());
    }
    if (job.dv) {
      const Matrices dv(*results_[2], o_.q.tensor());
      write_rows(keys, ev, job.dv, pv, T{1},
                 results_[2]->as<T>() + dv.offset(shared * group) + first * dv.row(), dv.row());
    }
  }

  void add_partial(const T* partial) const {
    const int64_t length = o_.length(), e = o_.common.e, step = o_.heads * length * e;
    const Matrices dq(*results_[0], o_.q.tensor());
    const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, parts_ * e));
    parallel_for(o_.heads * length, grain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        T* to = results_[0]->as<T>() + dq.offset(row / length) + row % length * dq.row();
        const T* from = partial + row * e;
        for (int64_t c = 0; c < e; ++c) to[c] = from[c];
        for (int64_t part = 1; part < parts_; ++part)
          for (int64_t c = 0; c < e; ++c) to[c] += from[part * step + c];
      }
    });
  }

  Operands<T> o_;
  Matrices grads_, out_;
  Tensor lse_;
  Scratch<T> delta_;
  Tensor* results_[3] = {};
  int64_t parts_ = 1, part_keys_ = 0;
};

}  // namespace

// softmax(scale · q · kᵀ + mask) · v. Inputs, of any strides: query [*, L, E], key [*, S, E], value
// [*, S, Ev], where the last leading axis of key and value (the heads) may be a divisor of the
// query's; if given the mask [*, L, S], bool or floating, and the bits of dropout, uint8, one for
// each weight in row-major order and eight bytes more. Parameters: scale, causal, and what kept
// weights are multiplied by. Outputs: [*, L, Ev], stored [*, L, heads, Ev]; if wanted the
// logarithms of the sums of exp(scores), [*, L]. A query that sees nothing gives zeros.
FLAMBEAU_KERNEL(scaledDotProductAttention) {
  if (call.in(0).dtype == DType::kFloat64) {
    forward<double>(call);
  } else {
    require(call.in(0).dtype == DType::kFloat32, "attention is for floating types");
    forward<float>(call);
  }
}

// The gradients of query, key and value, each of another shape where it is not wanted. Inputs: the
// gradient of the output, then those of scaledDotProductAttention, its output and its logarithms.
// Parameters as there.
FLAMBEAU_KERNEL(scaledDotProductAttentionGrad) {
  if (call.in(0).dtype == DType::kFloat64) {
    Backward<double>(call).run();
  } else {
    require(call.in(0).dtype == DType::kFloat32, "attention is for floating types");
    Backward<float>(call).run();
  }
}

}  // namespace flambeau
