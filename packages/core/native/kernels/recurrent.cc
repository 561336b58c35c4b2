// Whole sequences through one layer of an LSTM, a GRU or a simple recurrent network, in one
// direction.
#include "gemm.h"
#include "recurrent_layer.h"

namespace flambeau {

namespace {

// Gates that are computed ahead of the steps that use them: they stay in the cache.
constexpr int64_t kAheadBytes = 4 << 20;
// Up to so many sequences, few steps go through the weights where they lie.
constexpr int64_t kDotRows = 4;

template <class T>
class Forward {
 public:
  Forward(Call& call, const Tensor& x)
      : call_(call),
        input_(x),
        plan_(recurrent_plan(call, x, call.in(1), call.in(4), 8)),
        table_(recurrent_functions<T>()) {
    const int64_t batch = plan_.batch, hidden = plan_.hidden, state = plan_.state;
    const int64_t columns = plan_.columns();
    require_internal(plan_.steps > 0, "there must be a step");
    h0_ = recurrent_input<T>(call, 1, {batch, state}, keep_[1]);
    w_ih_ = recurrent_input<T>(call, 3, {columns, plan_.inputs}, keep_[3]);
    w_hh_ = recurrent_input<T>(call, 4, {columns, state}, keep_[4]);
    w_hr_ = recurrent_input<T>(call, 7, {state, hidden}, keep_[7]);
    require_internal(h0_ && w_ih_ && w_hh_, "a recurrent layer has a state and weights");
    require_internal(w_hr_ ? lstm() : state == hidden, "the state has another size");
    y_ = recurrent_output<T>(call, 0, plan_.rows * state);
    last_h_ = recurrent_output<T>(call, 1, batch * state);
    c_ = recurrent_output<T>(call, 2, batch * hidden);
    gates_ = recurrent_output<T>(call, 3, plan_.rows * columns);
    saved_ = recurrent_output<T>(call, 4, plan_.rows * hidden);
    const bool training = saved_ != nullptr;
    require_internal((y_ || plan_.rows * state == 0) && training == (gates_ != nullptr),
                     "outputs of a recurrent layer are missing");
    if (lstm()) {
      const T* c0 = recurrent_input<T>(call, 2, {batch, hidden}, keep_[2]);
      require_internal(c0 && (c_ || batch * hidden == 0), "an LSTM has a state of its cell");
      if (c_) std::copy_n(c0, batch * hidden, c_);
    }
    take_bias();
    take_input();
  }

  void run() {
    if (plan_.rows == 0 || plan_.hidden == 0) return;
    const int64_t batch = plan_.batch, state = plan_.state, columns = plan_.columns();
    small_ = plan_.steps < kPackedSteps && batch <= kDotRows;
    if (plan_.steps >= kPackedSteps) pack();
    const Scratch<T> states(2 * batch * state);
    const Scratch<T> raw(w_hr_ ? batch * plan_.hidden : 0);
    const Scratch<T> past(plan_.cell == Cell::kGru && !packed_ ? batch * columns : 0);
    const int64_t ahead = std::max<int64_t>(
        1, kAheadBytes / static_cast<int64_t>(sizeof(T)) / std::max<int64_t>(1, batch * columns));
    const Scratch<T> gates(gates_ ? 0 : std::min(ahead, plan_.steps) * batch * columns);
    int64_t have = 0;
    for (int64_t first = 0; first < plan_.steps; first += ahead) {
      const int64_t end = std::min(first + ahead, plan_.steps);
      const int64_t low = std::min(plan_.step(first), plan_.step(end - 1));
      const int64_t row = plan_.start(low);
      T* const ready = gates_ ? gates_ + row * columns : gates.data();
      if (!small_) project(low, end - first, ready);
      for (int64_t i = first; i < end; ++i) {
        const int64_t t = plan_.step(i), count = plan_.count(t);
        T* const before = states.data() + (i & 1) * batch * state;
        T* const after = states.data() + (1 - (i & 1)) * batch * state;
        if (have < count)
          std::copy_n(h0_ + have * state, (count - have) * state, before + have * state);
        have = count;
        step(t, ready + (plan_.start(t) - row) * columns, before, after, raw.data(), past.data());
        const int64_t next = i + 1 < plan_.steps ? plan_.count(plan_.step(i + 1)) : 0;
        if (last_h_ && next < count)
          std::copy_n(after + next * state, (count - next) * state, last_h_ + next * state);
      }
    }
  }

 private:
  bool lstm() const { return plan_.cell == Cell::kLstm; }
  bool gru() const { return plan_.cell == Cell::kGru; }

  // Where the two biases are only ever added, they are one.
  void take_bias() {
    Tensor keep;
    const int64_t columns = plan_.columns();
    const T* own = recurrent_input<T>(call_, 5, {columns}, keep);
    const T* other = recurrent_input<T>(call_, 6, {columns}, keep_[6]);
    if (gru()) bias_hh_ = other;
    if (!own && (!other || gru())) return;
    bias_.emplace(columns);
    for (int64_t i = 0; i < columns; ++i)
      bias_->data()[i] = (own ? own[i] : T{}) + (other && !gru() ? other[i] : T{});
  }

  void take_input() {
    x_ = input_.as<T>();
    if (plan_.in_order()) return;
    ordered_.emplace(plan_.rows * plan_.inputs);
    gather_rows(plan_, plan_.inputs, x_, ordered_->data());
    x_ = ordered_->data();
  }

  void pack() {
    const int64_t hidden = plan_.hidden, state = plan_.state;
    const int64_t panels = this->panels(), width = plan_.gates * table_.units;
    packed_.emplace(panels * state * width);
    parallel_for(panels, panel_grain(8, state, width), [&](int64_t begin, int64_t end) {
      table_.pack_gates(plan_.gates, hidden, state, w_hh_, state, begin, end, packed_->data());
    });
    if (w_hr_) projection_.emplace(state, hidden, w_hr_, 1, hidden);
  }

  int64_t panels() const { return (plan_.hidden + table_.units - 1) / table_.units; }

  // The input's part of the gates of `steps` steps from `low` on.
  void project(int64_t low, int64_t steps, T* gates) const {
    Product<T> product;
    for (int64_t t = low; t < low + steps; ++t) product.m += plan_.count(t);
    product.n = plan_.columns();
    product.k = plan_.inputs;
    product.a = {x_ + plan_.start(low) * plan_.inputs, plan_.inputs, 1};
    product.b = {w_ih_, 1, plan_.inputs};
    product.c = gates;
    product.c_row = product.n;
    product.bias = bias_ ? bias_->data() : nullptr;
    multiply(product);
  }

  void step(int64_t t, T* gates, const T* before, T* after, T* raw, T* past) const {
    const int64_t hidden = plan_.hidden, state = plan_.state, rows = plan_.count(t);
    T* const y = y_ + plan_.place(t) * state;
    const int64_t y_row = plan_.batch_stride * state;
    RecurrentStep<T> s;
    s.rows = rows;
    s.hidden = hidden;
    s.depth = state;
    s.state = before;
    s.packed = packed_ ? packed_->data() : nullptr;
    s.bias = bias_hh_;
    s.gates = gates;
    s.cell = c_;
    s.saved = saved_ ? saved_ + plan_.start(t) * hidden : nullptr;
    s.next = w_hr_ ? raw : after;
    s.y = w_hr_ ? nullptr : y;
    s.y_row = y_row;
    if (!packed_) {
      if (gru()) s.past = past;
      if (!small_) multiply_by_state(rows, before, gru() ? past : gates);
    }
    const int64_t depth = small_ ? plan_.inputs + state : packed_ ? state : 32;
    parallel_for(panels(), panel_grain(rows, depth, plan_.gates * table_.units),
                 [&](int64_t begin, int64_t end) {
                   if (small_) dots(plan_.start(t), rows, gates, before, past, begin, end);
                   switch (plan_.cell) {
                     case Cell::kLstm: return table_.lstm(s, begin, end);
                     case Cell::kGru: return table_.gru(s, begin, end);
                     case Cell::kTanh: return table_.tanh(s, begin, end);
                     case Cell::kRelu: return table_.relu(s, begin, end);
                   }
                 });
    if (!w_hr_) return;
    if (projection_) {
      parallel_for(projection_->panels(), projection_->grain(rows),
                   [&](int64_t begin, int64_t end) {
                     projection_->multiply(rows, raw, hidden, false, after, state, begin, end);
                   });
    } else {
      gemm<T>(false, true, rows, state, hidden, 1, raw, hidden, w_hr_, hidden, false, after, state);
    }
    for (int64_t n = 0; n < rows; ++n) std::copy_n(after + n * state, state, y + n * y_row);
  }

  // GRU: past = h · w_hh transposed; others: gates += that.
  void multiply_by_state(int64_t rows, const T* h, T* to) const {
    gemm<T>(false, true, rows, plan_.columns(), plan_.state, 1, h, plan_.state, w_hh_, plan_.state,
            !gru(), to, plan_.columns());
  }

  // The gates of a few rows, for the units of panels [begin, end).
  void dots(int64_t row, int64_t rows, T* gates, const T* h, T* past, int64_t begin,
            int64_t end) const {
    const int64_t hidden = plan_.hidden, columns = plan_.columns();
    const int64_t first = begin * table_.units;
    const int64_t count = std::min(end * table_.units, hidden) - first;
    for (int64_t gate = 0; gate < plan_.gates; ++gate) {
      const int64_t at = gate * hidden + first;
      for (int64_t n = 0; n < rows; ++n) {
        T* const to = gates + n * columns + at;
        for (int64_t j = 0; j < count; ++j) to[j] = bias_ ? bias_->data()[at + j] : T{};
        table_.dots(count, plan_.inputs, w_ih_ + at * plan_.inputs, plan_.inputs,
                    x_ + (row + n) * plan_.inputs, to);
        T* const state = gru() ? past + n * columns + at : to;
        if (gru()) std::fill_n(state, count, T{});
        table_.dots(count, plan_.state, w_hh_ + at * plan_.state, plan_.state, h + n * plan_.state,
                    state);
      }
    }
  }

  Call& call_;
  const Tensor& input_;
  Tensor keep_[8];
  const RecurrentPlan plan_;
  const RecurrentFunctions<T>& table_;
  const T *x_ = nullptr, *h0_ = nullptr, *w_ih_ = nullptr, *w_hh_ = nullptr, *w_hr_ = nullptr;
  const T* bias_hh_ = nullptr;
  T *y_ = nullptr, *last_h_ = nullptr, *c_ = nullptr, *gates_ = nullptr, *saved_ = nullptr;
  std::optional<Scratch<T>> bias_, ordered_, packed_;
  std::optional<PackedColumns<T>> projection_;
  bool small_ = false;
};

}  // namespace

// One layer in one direction. Inputs: x [T, N, D], [N, T, D], one step [N, D] or packed
// [rows, D]; h0 [N, P]; c0 [N,
// H] (LSTM); w_ih [G·H, D]; w_hh [G·H, P]; b_ih and b_hh [G·H] or left out; w_hr [P, H] (LSTM) or
// left out, then P = H; counts of the steps, int64 [T], where x is packed. G is 4 for an LSTM
// (input, forget, cell, output), 3 for a GRU (reset, update, new), else 1. Parameters: cell (0
// LSTM, 1 GRU, 2 tanh, 3 relu), backwards, batch first. Outputs: y like x with P in place of D; the
// last h [N, P], if wanted; the last c (LSTM); for a gradient the gates [rows, G·H] and [rows, H]:
// c after each step (LSTM) or the hidden product of the new gate (GRU). Those that are not wanted
// have no elements.
FLAMBEAU_KERNEL(recurrent) {
  const Tensor x = call.contiguous(call.in(0));
  with_recurrent_type(x.dtype, [&](auto zero) { Forward<decltype(zero)>(call, x).run(); });
}

}  // namespace flambeau
