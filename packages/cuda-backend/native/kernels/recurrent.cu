// Whole sequences through one layer of an LSTM, a GRU or a simple recurrent network, in one
// direction: one product for the inputs of all steps; then, for each step, one with the hidden
// state and one kernel for all that is done to the gates. Layers of 16-bit floats are computed in
// float32 between products: sums, gates and the cell of an LSTM.
#include "call_checks.h"
#include "recurrent_layer.h"

namespace flambeau::cuda {

namespace {

// One step of `rows` sequences. Rows of matrices are dense where no row distance is given.
template <class T>
struct Step {
  using S = Computed<T>;
  int64_t rows, hidden;
  const S* sums;     // [rows, gates · hidden]: of products, without biases
  T* gates;          // gets the gates, where there is `saved`; may be `sums`
  const S* past;     // GRU: the products with the state [rows, gates · hidden]
  const T* bias;     // [gates · hidden]; null: none
  const T* bias_hh;  // the same, for the product with the state
  const T* state;    // GRU: h before [rows, hidden]
  S* cell;           // LSTM: c [rows, hidden] before; gets c after
  T* saved;          // [rows, hidden], LSTM: gets c too; GRU: the product of the new gate; or null
  T* next;           // [rows, hidden]: gets h after; not `state`
  T* y;              // gets it too; null: no
  int64_t y_row;
};

template <class T>
__device__ __forceinline__ Computed<T> at_bias(const T* bias, int64_t i) {
  return bias ? widened(bias[i]) : Computed<T>{0};
}

template <class T, Cell cell>
__global__ void __launch_bounds__(kRecurrentThreads) step_kernel(Step<T> s) {
  for (int64_t item = global_thread(); item < s.rows * s.hidden; item += global_threads()) {
    const int64_t row = item / s.hidden, unit = item % s.hidden, hidden = s.hidden;
    constexpr int kGates = cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1;
    using S = Computed<T>;
    const int64_t first = row * kGates * hidden + unit;
    const S* const sums = s.sums + first;
    S h;
    if constexpr (cell == Cell::kLstm) {
      S x[4];
#pragma unroll
      for (int v = 0; v < 4; ++v)
        x[v] = sums[v * hidden] +
               (at_bias(s.bias, v * hidden + unit) + at_bias(s.bias_hh, v * hidden + unit));
      const S i = sigmoid_of(x[0]), f = sigmoid_of(x[1]), g = tanh_of(x[2]), o = sigmoid_of(x[3]);
      const S c = f * s.cell[item] + i * g;
      s.cell[item] = c;
      h = o * tanh_of(c);
      if (s.saved) {
        T* const gates = s.gates + first;
        s.saved[item] = narrowed<T>(c);
        gates[0] = narrowed<T>(i);
        gates[hidden] = narrowed<T>(f);
        gates[2 * hidden] = narrowed<T>(g);
        gates[3 * hidden] = narrowed<T>(o);
      }
    } else if constexpr (cell == Cell::kGru) {
      S x[3], past[3];
#pragma unroll
      for (int v = 0; v < 3; ++v) {
        x[v] = sums[v * hidden] + at_bias(s.bias, v * hidden + unit);
        past[v] = s.past[first + v * hidden] + at_bias(s.bias_hh, v * hidden + unit);
      }
      const S r = sigmoid_of(x[0] + past[0]), z = sigmoid_of(x[1] + past[1]);
      const S n = tanh_of(x[2] + r * past[2]);
      h = (widened(s.state[item]) - n) * z + n;
      if (s.saved) {
        T* const gates = s.gates + first;
        s.saved[item] = narrowed<T>(past[2]);
        gates[0] = narrowed<T>(r);
        gates[hidden] = narrowed<T>(z);
        gates[2 * hidden] = narrowed<T>(n);
      }
    } else {
      const S sum = sums[0] + (at_bias(s.bias, unit) + at_bias(s.bias_hh, unit));
      h = cell == Cell::kRelu ? (sum < S{0} ? S{0} : sum) : tanh_of(sum);
    }
    s.next[item] = narrowed<T>(h);
    if (s.y) s.y[row * s.y_row + unit] = narrowed<T>(h);
  }
}

template <class T>
void launch_step(Call& call, Cell cell, const Step<T>& s) {
  const dim3 grid(grid_for(s.rows * s.hidden, 1, call.properties(), kRecurrentThreads)),
      block(kRecurrentThreads);
  const auto run = [&](auto kernel) { launch(kernel, grid, block, 0, call.stream(), s); };
  switch (cell) {
    case Cell::kLstm: return run(step_kernel<T, Cell::kLstm>);
    case Cell::kGru: return run(step_kernel<T, Cell::kGru>);
    case Cell::kTanh: return run(step_kernel<T, Cell::kTanh>);
    case Cell::kRelu: return run(step_kernel<T, Cell::kRelu>);
  }
}

template <class T>
class Forward {
  using S = Computed<T>;

 public:
  Forward(Call& call, const Tensor& x)
      : call_(call), plan_(recurrent_plan(call, x, call.in(1), call.in(4))) {
    const int64_t batch = plan_.batch, hidden = plan_.hidden, state = plan_.state;
    const int64_t columns = plan_.columns();
    require_internal(plan_.steps > 0, "there must be a step");
    h0_ = recurrent_input<T>(call, 1, {batch, state});
    w_ih_ = recurrent_input<T>(call, 3, {columns, plan_.inputs});
    w_hh_ = recurrent_input<T>(call, 4, {columns, state});
    bias_ = recurrent_input<T>(call, 5, {columns});
    bias_hh_ = recurrent_input<T>(call, 6, {columns});
    w_hr_ = recurrent_input<T>(call, 7, {state, hidden});
    projects_ = call.has(7);
    require_internal(call.has(1) && call.has(3) && call.has(4),
                     "a recurrent layer has a state and weights");
    require_internal(projects_ ? lstm() : state == hidden, "the state has another size");
    y_ = recurrent_output<T>(call, 0, plan_.rows * state);
    last_h_ = recurrent_output<T>(call, 1, batch * state);
    c_ = recurrent_output<T>(call, 2, batch * hidden);
    gates_ = recurrent_output<T>(call, 3, plan_.rows * columns);
    saved_ = recurrent_output<T>(call, 4, plan_.rows * hidden);
    const bool training = saved_ != nullptr;
    require_internal((y_ || plan_.rows * state == 0) && training == (gates_ != nullptr),
                     "outputs of a recurrent layer are missing");
    if (lstm()) {
      const T* c0 = recurrent_input<T>(call, 2, {batch, hidden});
      require_internal(call.has(2) && (c_ || batch * hidden == 0),
                       "an LSTM has a state of its cell");
      cell_ = own_cell(batch * hidden);
      if (cell_) convert_elements(call, c0, batch * hidden, cell_);
    }
    x_ = x.as<T>();
    if (!plan_.in_order())
      x_ = call.contiguous(by_steps(plan_, x.data, x.dtype, plan_.inputs)).template as<T>();
  }

  void run() {
    if (plan_.rows == 0 || plan_.hidden == 0) return;
    const int64_t batch = plan_.batch, state = plan_.state, columns = plan_.columns();
    T* const states = call_.scratch_of<T>(2 * batch * state);
    T* const raw = projects_ ? call_.scratch_of<T>(batch * plan_.hidden) : nullptr;
    S* const past = gru() ? call_.scratch_of<S>(batch * columns) : nullptr;
    S* const sums = sums_of(plan_.rows * columns);
    product_of<T>(call_, plan_.rows, columns, plan_.inputs, plain(x_, plan_.inputs),
                  transposed(w_ih_, plan_.inputs), sums, columns, false);
    int64_t have = 0;
    for (int64_t i = 0; i < plan_.steps; ++i) {
      const int64_t t = plan_.step(i), count = plan_.count(t);
      T* const before = states + (i & 1) * batch * state;
      T* const after = states + (1 - (i & 1)) * batch * state;
      // Sequences that begin here.
      if (have < count)
        copy_elements(call_, h0_ + have * state, (count - have) * state, before + have * state);
      have = count;
      step(t, sums + plan_.start(t) * columns, before, after, raw, past);
      const int64_t next = i + 1 < plan_.steps ? plan_.count(plan_.step(i + 1)) : 0;
      if (last_h_ && next < count)
        copy_elements(call_, after + next * state, (count - next) * state, last_h_ + next * state);
    }
    if constexpr (!std::is_same_v<S, T>)
      if (c_) convert_elements(call_, cell_, batch * plan_.hidden, c_);
  }

 private:
  bool lstm() const { return plan_.cell == Cell::kLstm; }
  bool gru() const { return plan_.cell == Cell::kGru; }

  // What becomes c_: that itself if it has the type.
  S* own_cell(int64_t count) const {
    if constexpr (std::is_same_v<S, T>) {
      return c_;
    } else {
      return c_ ? call_.scratch_of<S>(count) : nullptr;
    }
  }
  // Where sums become gates_, if those are wanted.
  S* sums_of(int64_t count) const {
    if constexpr (std::is_same_v<S, T>)
      if (gates_) return gates_;
    return call_.scratch_of<S>(count);
  }

  void step(int64_t t, S* sums, const T* before, T* after, T* raw, S* past) const {
    const int64_t hidden = plan_.hidden, state = plan_.state, rows = plan_.count(t);
    const int64_t columns = plan_.columns(), y_row = plan_.batch_stride * state;
    T* const y = y_ + plan_.place(t) * state;
    product_of<T>(call_, rows, columns, state, plain(before, state), transposed(w_hh_, state),
                  gru() ? past : sums, columns, !gru());
    Step<T> s;
    s.rows = rows;
    s.hidden = hidden;
    s.sums = sums;
    s.gates = gates_ ? gates_ + plan_.start(t) * columns : nullptr;
    s.past = past;
    s.bias = bias_;
    s.bias_hh = bias_hh_;
    s.state = before;
    s.cell = cell_;
    s.saved = saved_ ? saved_ + plan_.start(t) * hidden : nullptr;
    s.next = projects_ ? raw : after;
    s.y = projects_ ? nullptr : y;
    s.y_row = y_row;
    launch_step(call_, plan_.cell, s);
    if (!projects_) return;
    product_of<T>(call_, rows, state, hidden, plain(raw, hidden), transposed(w_hr_, hidden), after,
                  state, false);
    copy_rows(call_, after, state, rows, state, y, y_row);
  }

  Call& call_;
  const RecurrentPlan plan_;
  const T *x_ = nullptr, *h0_ = nullptr, *w_ih_ = nullptr, *w_hh_ = nullptr, *w_hr_ = nullptr;
  const T *bias_ = nullptr, *bias_hh_ = nullptr;
  bool projects_ = false;
  T *y_ = nullptr, *last_h_ = nullptr, *c_ = nullptr, *gates_ = nullptr, *saved_ = nullptr;
  S* cell_ = nullptr;
};

}  // namespace

// One layer in one direction. Inputs: x [T, N, D], [N, T, D], one step [N, D] or packed
// [rows, D]; h0 [N, P]; c0 [N, H] (LSTM); w_ih [G·H, D]; w_hh [G·H, P]; b_ih and b_hh [G·H] or left
// out; w_hr [P, H] (LSTM) or left out, then P = H. G is 4 for an LSTM (input, forget, cell,
// output), 3 for a GRU (reset, update, new), else 1. Parameters: cell (0 LSTM, 1 GRU, 2 tanh, 3
// relu), backwards, batch first, and where x is packed the counts of the steps. Outputs: y like x
// with P in place of D; the last h [N, P], if wanted; the last c (LSTM); for a gradient the gates
// [rows, G·H] and [rows, H]: c after each step (LSTM) or the hidden product of the new gate (GRU).
// Those that are not wanted have no elements.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(recurrent, all_of_16bit_type(call)) {
  const Tensor x = call.contiguous(call.in(0));
  with_layer_type(x.dtype, [&](auto zero) { Forward<decltype(zero)>(call, x).run(); });
}

}  // namespace flambeau::cuda
