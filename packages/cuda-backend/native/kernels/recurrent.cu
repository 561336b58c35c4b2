// Whole sequences through one layer of an LSTM, a GRU or a simple recurrent network, in one
// direction: one product for the inputs of all steps; then, for each step, one with the hidden
// state and one kernel for all that is done to the gates.
#include "hyperbolic.h"
#include "primitives.h"
#include "recurrent_layer.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

__device__ __forceinline__ float sigmoid_of(float x) { return formulas::sigmoid_f(x); }
__device__ __forceinline__ double sigmoid_of(double x) { return formulas::sigmoid_d(x); }
__device__ __forceinline__ float tanh_of(float x) { return formulas::tanh_f(x); }
__device__ __forceinline__ double tanh_of(double x) { return formulas::tanh_d(x); }

// One step of `rows` sequences. Rows of matrices are dense where no row distance is given.
template <class T>
struct Step {
  int64_t rows, hidden;
  T* gates;          // [rows, gates · hidden]: sums of products, without biases; gets the gates
  const T* past;     // GRU: the products with the state [rows, gates · hidden]
  const T* bias;     // [gates · hidden]; null: none
  const T* bias_hh;  // the same, for the product with the state
  const T* state;    // GRU: h before [rows, hidden]
  T* cell;           // LSTM: c [rows, hidden] before; gets c after
  T* saved;          // [rows, hidden], LSTM: gets c too; GRU: the product of the new gate; or null
  T* next;           // [rows, hidden]: gets h after; not `state`
  T* y;              // gets it too; null: no
  int64_t y_row;
};

template <class T>
__device__ __forceinline__ T at_bias(const T* bias, int64_t i) {
  return bias ? bias[i] : T{0};
}

template <class T, Cell cell>
__global__ void step_kernel(Step<T> s) {
  for (int64_t item = global_thread(); item < s.rows * s.hidden; item += global_threads()) {
    const int64_t row = item / s.hidden, unit = item % s.hidden, hidden = s.hidden;
    constexpr int kGates = cell == Cell::kLstm ? 4 : cell == Cell::kGru ? 3 : 1;
    T* const gates = s.gates + row * kGates * hidden + unit;
    T h;
    if constexpr (cell == Cell::kLstm) {
      T x[4];
#pragma unroll
      for (int v = 0; v < 4; ++v)
        x[v] = gates[v * hidden] +
               (at_bias(s.bias, v * hidden + unit) + at_bias(s.bias_hh, v * hidden + unit));
      const T i = sigmoid_of(x[0]), f = sigmoid_of(x[1]), g = tanh_of(x[2]), o = sigmoid_of(x[3]);
      const T c = f * s.cell[item] + i * g;
      s.cell[item] = c;
      h = o * tanh_of(c);
      if (s.saved) {
        s.saved[item] = c;
        gates[0] = i;
        gates[hidden] = f;
        gates[2 * hidden] = g;
        gates[3 * hidden] = o;
      }
    } else if constexpr (cell == Cell::kGru) {
      T x[3], past[3];
#pragma unroll
      for (int v = 0; v < 3; ++v) {
        x[v] = gates[v * hidden] + at_bias(s.bias, v * hidden + unit);
        past[v] =
            s.past[row * 3 * hidden + v * hidden + unit] + at_bias(s.bias_hh, v * hidden + unit);
      }
      const T r = sigmoid_of(x[0] + past[0]), z = sigmoid_of(x[1] + past[1]);
      const T n = tanh_of(x[2] + r * past[2]);
      h = (s.state[item] - n) * z + n;
      if (s.saved) {
        s.saved[item] = past[2];
        gates[0] = r;
        gates[hidden] = z;
        gates[2 * hidden] = n;
      }
    } else {
      const T sum = gates[0] + (at_bias(s.bias, unit) + at_bias(s.bias_hh, unit));
      h = cell == Cell::kRelu ? (sum < T{0} ? T{0} : sum) : tanh_of(sum);
    }
    s.next[item] = h;
    if (s.y) s.y[row * s.y_row + unit] = h;
  }
}

template <class T>
void launch_step(Call& call, Cell cell, const Step<T>& s) {
  const dim3 grid(grid_for(s.rows * s.hidden, 1, call.properties(), kThreads)), block(kThreads);
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
      if (c_) copy_elements(call, c0, batch * hidden, c_);
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
    T* const past = gru() ? call_.scratch_of<T>(batch * columns) : nullptr;
    T* const gates = gates_ ? gates_ : call_.scratch_of<T>(plan_.rows * columns);
    product_of(call_, plan_.rows, columns, plan_.inputs, plain(x_, plan_.inputs),
               transposed(w_ih_, plan_.inputs), gates, columns, false);
    int64_t have = 0;
    for (int64_t i = 0; i < plan_.steps; ++i) {
      const int64_t t = plan_.step(i), count = plan_.count(t);
      T* const before = states + (i & 1) * batch * state;
      T* const after = states + (1 - (i & 1)) * batch * state;
      // Sequences that begin here.
      if (have < count)
        copy_elements(call_, h0_ + have * state, (count - have) * state, before + have * state);
      have = count;
      step(t, gates + plan_.start(t) * columns, before, after, raw, past);
      const int64_t next = i + 1 < plan_.steps ? plan_.count(plan_.step(i + 1)) : 0;
      if (last_h_ && next < count)
        copy_elements(call_, after + next * state, (count - next) * state, last_h_ + next * state);
    }
  }

 private:
  bool lstm() const { return plan_.cell == Cell::kLstm; }
  bool gru() const { return plan_.cell == Cell::kGru; }

  void step(int64_t t, T* gates, const T* before, T* after, T* raw, T* past) const {
    const int64_t hidden = plan_.hidden, state = plan_.state, rows = plan_.count(t);
    const int64_t columns = plan_.columns(), y_row = plan_.batch_stride * state;
    T* const y = y_ + plan_.place(t) * state;
    product_of(call_, rows, columns, state, plain(before, state), transposed(w_hh_, state),
               gru() ? past : gates, columns, !gru());
    Step<T> s;
    s.rows = rows;
    s.hidden = hidden;
    s.gates = gates;
    s.past = past;
    s.bias = bias_;
    s.bias_hh = bias_hh_;
    s.state = before;
    s.cell = c_;
    s.saved = saved_ ? saved_ + plan_.start(t) * hidden : nullptr;
    s.next = projects_ ? raw : after;
    s.y = projects_ ? nullptr : y;
    s.y_row = y_row;
    launch_step(call_, plan_.cell, s);
    if (!projects_) return;
    product_of(call_, rows, state, hidden, plain(raw, hidden), transposed(w_hr_, hidden), after,
               state, false);
    copy_rows(call_, after, state, rows, state, y, y_row);
  }

  Call& call_;
  const RecurrentPlan plan_;
  const T *x_ = nullptr, *h0_ = nullptr, *w_ih_ = nullptr, *w_hh_ = nullptr, *w_hr_ = nullptr;
  const T *bias_ = nullptr, *bias_hh_ = nullptr;
  bool projects_ = false;
  T *y_ = nullptr, *last_h_ = nullptr, *c_ = nullptr, *gates_ = nullptr, *saved_ = nullptr;
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
FLAMBEAU_CUDA_KERNEL(recurrent) {
  const Tensor x = call.contiguous(call.in(0));
  with_recurrent_type(x.dtype, [&](auto zero) { Forward<decltype(zero)>(call, x).run(); });
}

}  // namespace flambeau::cuda
