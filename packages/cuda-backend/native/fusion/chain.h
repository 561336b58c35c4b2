// Elementwise operations over equally many elements, each of which is computed by one thread from
// the first operation to the last. Here is decided what may be computed together, what need not be
// stored, and what need not be computed; nothing here calls CUDA.
//
// All outputs lie without gaps, so that "place i" is the same for all of them, whatever their
// shapes are. A thread reads all it needs from memory before it writes, at its own places only. So
// memory that is read may be written later in the chain if it is the same place for the same
// thread, and not otherwise; and a result can be handed on without memory if it is read as it was
// written.
#pragma once

#include <vector>

#include "step.h"

namespace flambeau::cuda::fusion {

// Where an input comes from.
enum class From : uint8_t { kStep, kMemory, kNumber };
struct Source {
  From from;
  int index;  // of a step, of a load, or of a number
};

// What one kernel does.
struct Plan {
  struct PlannedStep {
    const Step* step;
    Source inputs[kStepInputs];
    int numbers;  // the first of the formula's own
  };
  struct Store {
    int step;
    char* data;
    DType dtype;
  };
  int64_t numel = 0;
  std::vector<PlannedStep> steps;
  std::vector<Operand> loads;
  std::vector<Store> stores;
  std::vector<uint64_t> numbers;
};

class Chain {
 public:
  // Bounds of what a kernel's registers hold.
  static constexpr int kMostSteps = 32;
  static constexpr int kMostLoads = 12;

  bool empty() const { return held_.empty(); }
  int size() const { return static_cast<int>(held_.size()); }
  // Does `step` need memory that is written here, or write memory that is used here?
  bool meets(const Step& step) const;
  // May `step` be computed together with what is held?
  bool takes(const Step& step) const;
  // Takes a step, which takes() has allowed or which is the first.
  void add(Step step);
  // Memory at `data` was given back: nobody will read it.
  void forget(const void* data);
  // What is to be done. Refers to the chain. Without steps where nothing is needed.
  Plan plan() const;

 private:
  struct Held {
    Step step;
    int from[kStepInputs];  // the step whose result an input is; -1: memory, or a number
    bool is_dead = false;   // its output was given back
  };
  static constexpr int kMemory = -1;
  static constexpr int kClash = -2;
  // The step whose result the operand is, or one of these.
  int origin(const Operand& operand) const;
  std::vector<const Operand*> loads() const;

  std::vector<Held> held_;
};

}  // namespace flambeau::cuda::fusion
