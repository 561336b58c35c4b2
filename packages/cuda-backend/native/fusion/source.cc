#include "source.h"

#include <algorithm>
#include <cstring>

namespace flambeau::cuda::fusion {

namespace {

const char* type_name(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float";
    case DType::kFloat64: return "double";
    case DType::kInt64: return "int64_t";
    case DType::kInt32: return "int32_t";
    case DType::kUInt8: return "uint8_t";
    case DType::kBool: return "bool";
    case DType::kFloat16: return "Half";
    case DType::kBFloat16: return "BFloat16";
    case DType::kInt8: return "int8_t";
    case DType::kInt16: return "int16_t";
  }
  return "";
}
// The type that elements are computed with.
const char* computed_name(DType dtype) { return type_name(wide_type(dtype)); }

std::string name(char letter, int i) { return letter + std::to_string(i); }

int item_of(DType dtype) { return static_cast<int>(element_size(dtype)); }

// Can `vector` elements from each multiple of that on be read by accesses of up to 16 bytes?
bool is_aligned_for(const void* data, DType dtype, int vector) {
  return is_aligned(data, static_cast<size_t>(std::min(16, vector * item_of(dtype))));
}

// How a thread gets its elements of an operand.
enum class Access {
  kSingle,  // one for all
  kPack,    // neighbours, by wide accesses, at the place itself
  kRow,     // the same at a place to be found
  kShared,  // one for all of a thread, at a place to be found
  kPlaces,  // one by one, at the place itself
  kFar      // one by one, at places to be found
};

Access access_of(const Operand& load, int vector) {
  const Walk& walk = load.walk;
  if (walk.is_single()) return Access::kSingle;
  if (walk.is_flat())
    return is_aligned_for(load.data, load.dtype, vector) ? Access::kPack : Access::kPlaces;
  if (walk.sizes[0] % vector != 0) return Access::kFar;
  if (walk.strides[0] == 0) return Access::kShared;
  if (walk.strides[0] != 1 || !is_aligned_for(load.data, load.dtype, vector)) return Access::kFar;
  const int64_t granule =
      std::max(1, std::min(16, vector * item_of(load.dtype)) / item_of(load.dtype));
  for (int d = 1; d < walk.ndim; ++d)
    if (walk.strides[d] % granule != 0) return Access::kFar;
  return Access::kRow;
}

// Places of a thread: so many that the smallest elements fill 16 bytes, as far as registers allow.
int vector_of(const Plan& plan) {
  int least = 16, most = 1;
  const auto look = [&](DType dtype) {
    least = std::min(least, item_of(dtype));
    most = std::max(most, item_of(dtype));
  };
  int words = 0;  // of registers that hold what is read, for each place
  for (const Operand& load : plan.loads) {
    if (load.walk.is_single()) continue;
    look(load.dtype);
    words += std::max(1, item_of(load.dtype) / 4);
  }
  for (const Plan::Store& store : plan.stores) look(store.dtype);
  constexpr int kMostWords = 48, kManyHeavy = 3;
  const auto heavy =
      std::count_if(plan.steps.begin(), plan.steps.end(),
                    [](const Plan::PlannedStep& planned) { return planned.step->is_heavy; });
  int vector = std::min({heavy < kManyHeavy ? 8 : 4, 16 / least, 32 / most});
  while (vector > 1 && vector * words > kMostWords) vector /= 2;
  return vector;
}

// A section of a kernel: a function for what one plan says.
class Section {
 public:
  // `index` tells sections of a kernel apart; the operands and numbers of earlier ones come first.
  Section(const Plan& plan, size_t index, size_t operands, size_t numbers)
      : plan_(plan),
        index_(index),
        operands_(operands),
        numbers_(numbers),
        vector_(vector_of(plan)),
        has_rest_(plan.numel % vector_ != 0) {}

  unsigned blocks() const {
    return static_cast<unsigned>(ceil_divide(plan_.numel, int64_t{kFusedThreads} * vector_));
  }

  std::string write() {
    write_walks();
    line("template <class Arguments>");
    line("FLAMBEAU_HD void " + function() + "(const Arguments& args, uint32_t block) {");
    line("  constexpr int V = " + std::to_string(vector_) + ";");
    line("  const uint32_t n = args.n[" + std::to_string(index_) + "];");
    line("  const uint32_t first = first_place<V>(block);");
    line("  if (first >= n) return;");
    if (has_rest_) line("  const int count = places_left<V>(first, n);");
    write_numbers();
    write_loads();
    write_steps();
    line("}");
    return walks_ + text_;
  }
  std::string function() const { return "section" + std::to_string(index_); }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  std::string data(size_t i) const { return "args.data[" + std::to_string(operands_ + i) + "]"; }
  std::string walk(size_t i) const {
    return "walk" + std::to_string(index_) + "_" + std::to_string(i);
  }

  // A function for each way to the elements of an operand.
  void write_walks() {
    for (size_t i = 0; i < plan_.loads.size(); ++i) {
      const Access access = access_of(plan_.loads[i], vector_);
      if (access != Access::kRow && access != Access::kShared && access != Access::kFar) continue;
      const Walk& walk = plan_.loads[i].walk;
      walks_ += "FLAMBEAU_HD int64_t " + this->walk(i) + "(uint32_t place) {\n";
      walks_ += "  int64_t at = 0;\n";
      for (int d = 0; d < walk.ndim; ++d) {
        const bool is_last = d + 1 == walk.ndim;
        const std::string size = std::to_string(walk.sizes[d]) + "u";
        if (walk.strides[d] != 0)
          walks_ += "  at += static_cast<int64_t>(" + (is_last ? "place" : "place % " + size) +
                    ") * " + std::to_string(walk.strides[d]) + ";\n";
        if (!is_last) walks_ += "  place /= " + size + ";\n";
      }
      walks_ += "  return at;\n}\n";
    }
  }

  // Numbers are read in the type of who takes them.
  void write_numbers() {
    const auto declare = [&](int i, const char* type) {
      line("  const " + std::string(type) + " " + name('c', i) + " = number<" + type +
           ">(args.numbers[" + std::to_string(numbers_ + static_cast<size_t>(i)) + "]);");
    };
    for (const Plan::PlannedStep& planned : plan_.steps) {
      const Step& step = *planned.step;
      for (int k = 0; k < step.count; ++k)
        if (planned.inputs[k].from == From::kNumber)
          declare(planned.inputs[k].index, computed_name(step.inputs[k].dtype));
      for (int k = 0; k < step.formula.numbers; ++k)
        declare(planned.numbers + k, computed_name(step.type));
    }
  }

  void write_loads() {
    for (size_t i = 0; i < plan_.loads.size(); ++i) {
      const Operand& load = plan_.loads[i];
      const std::string x = name('x', static_cast<int>(i)), type = type_name(load.dtype);
      const std::string walk = this->walk(i);
      const std::string one = "load<" + type + ">(" + data(i) + ", ";
      const std::string pack = "load_pack<" + type + ">(" + x + ", " + data(i) + ", ";
      const Access access = access_of(load, vector_);
      if (access == Access::kSingle || access == Access::kShared) {
        const std::string at = access == Access::kSingle ? "0" : walk + "(first)";
        line("  const " + std::string(computed_name(load.dtype)) + " " + x + " = " + one + at +
             ");");
        continue;
      }
      line("  " + std::string(computed_name(load.dtype)) + " " + x + "[V];");
      const std::string each = access == Access::kFar ? walk + "(first + j)" : "first + j";
      const std::string guard = has_rest_ ? "j < count ? " : "";
      const std::string rest =
          has_rest_ ? ") : " + std::string(computed_name(load.dtype)) + "(1)" : ")";
      const std::string loop =
          "for (int j = 0; j < V; ++j) " + x + "[j] = " + guard + one + each + rest + ";";
      if (access == Access::kRow) {
        line("  " + pack + walk + "(first));");
      } else if (access == Access::kPack && !has_rest_) {
        line("  " + pack + "first);");
      } else if (access == Access::kPack) {
        line("  if (count == V) {");
        line("    " + pack + "first);");
        line("  } else {");
        line("#pragma unroll");
        line("    " + loop);
        line("  }");
      } else {
        line("#pragma unroll");
        line("  " + loop);
      }
    }
  }

  std::string input(const Plan::PlannedStep& planned, int k) const {
    const Source source = planned.inputs[k];
    switch (source.from) {
      case From::kStep: return name('v', source.index) + "[j]";
      case From::kNumber: return name('c', source.index);
      case From::kMemory: break;
    }
    const Access access = access_of(plan_.loads[static_cast<size_t>(source.index)], vector_);
    const bool one = access == Access::kSingle || access == Access::kShared;
    return name('x', source.index) + (one ? "" : "[j]");
  }

  std::string expression(const Plan::PlannedStep& planned) const {
    const Step& step = *planned.step;
    if (!step.formula.name)
      return "converted<" + std::string(computed_name(step.out_type)) + ">(" + input(planned, 0) +
             ")";
    const bool as_bytes = step.formula.bools_as_bytes && step.type == DType::kBool;
    const std::string type = as_bytes ? "uint8_t" : computed_name(step.type);
    std::string text = "formulas::" + std::string(step.formula.name);
    if (step.formula.numbers > 0) text += "<" + type + ">";
    text += "{";
    for (int k = 0; k < step.formula.numbers; ++k)
      text += (k > 0 ? ", " : "") + name('c', planned.numbers + k);
    text += "}(";
    for (int k = 0; k < step.count; ++k) {
      if (k > 0) text += ", ";
      // The condition of a choice stays a bool.
      const bool as_byte = as_bytes && !(k == 0 && step.bool_first);
      text += as_byte ? "static_cast<uint8_t>(" + input(planned, k) + ")" : input(planned, k);
    }
    return text + ")";
  }

  // One operation after the other, each for all places of the thread, and its result to memory.
  void write_steps() {
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const Step& step = *plan_.steps[i].step;
      const int n = static_cast<int>(i);
      const std::string stored = type_name(step.out_type), wide = computed_name(step.out_type);
      const std::string s = name('s', n), v = name('v', n);
      line("  " + stored + " " + s + "[V];");
      line("  [[maybe_unused]] " + wide + " " + v + "[V];");
      line("#pragma unroll");
      line("  for (int j = 0; j < V; ++j) {");
      line("    " + s + "[j] = narrowed<" + stored + ">(static_cast<" + wide + ">(" +
           expression(plan_.steps[i]) + "));");
      line("    " + v + "[j] = widened(" + s + "[j]);");
      line("  }");
      for (size_t k = 0; k < plan_.stores.size(); ++k)
        if (plan_.stores[k].step == n) write_store(k);
    }
  }

  // All that the thread reads of memory has been read by now.
  void write_store(size_t i) {
    const Plan::Store& store = plan_.stores[i];
    const std::string type = type_name(store.dtype), s = name('s', store.step);
    const std::string to = data(plan_.loads.size() + i);
    const bool whole = is_aligned_for(store.data, store.dtype, vector_);
    const std::string pack = "store_pack<" + type + ">(" + to + ", first, " + s + ");";
    const std::string loop = "for (int j = 0; j < V; ++j)" +
                             std::string(has_rest_ ? " if (j < count)" : "") + " store<" + type +
                             ">(" + to + ", first + j, " + s + "[j]);";
    if (whole && !has_rest_) {
      line("  " + pack);
    } else if (whole) {
      line("  if (count == V) {");
      line("    " + pack);
      line("  } else {");
      line("#pragma unroll");
      line("    " + loop);
      line("  }");
    } else {
      line("#pragma unroll");
      line("  " + loop);
    }
  }

  const Plan& plan_;
  const size_t index_, operands_, numbers_;
  const int vector_;
  const bool has_rest_;  // is there a thread with fewer places?
  std::string walks_;
  std::string text_;
};

}  // namespace

KernelText write_kernel(const std::vector<Plan>& plans) {
  size_t operands = 0, numbers = 0;
  std::string functions, calls;
  KernelText text = {"", 0};
  for (size_t i = 0; i < plans.size(); ++i) {
    Section section(plans[i], i, operands, numbers);
    functions += section.write();
    const bool is_last = i + 1 == plans.size();
    const std::string at = "args.blocks[" + std::to_string(i) + "]";
    if (!is_last)
      calls += "  if (block < " + at + ") return " + section.function() + "(args, block);\n";
    calls += is_last ? "  " + section.function() + "(args, block);\n" : "  block -= " + at + ";\n";
    operands += plans[i].loads.size() + plans[i].stores.size();
    numbers += plans[i].numbers.size();
    text.blocks += section.blocks();
  }
  const auto count = [](size_t n) { return std::to_string(std::max<size_t>(1, n)); };
  text.source =
      "#include \"fused.h\"\n"
      "#include \"gradients.h\"\n#include \"logarithmic.h\"\n#include \"parts.h\"\n"
      "#include \"ternary.h\"\n\nnamespace flambeau::cuda {\n\n" +
      functions + "FLAMBEAU_FUSED(" + count(plans.size()) + ", " + count(operands) + ", " +
      count(numbers) + ") {\n  uint32_t block = block_index();\n" + calls +
      "}\n\n}  // namespace flambeau::cuda\n";
  return text;
}

std::vector<char> pack_arguments(const std::vector<Plan>& plans) {
  std::vector<char> bytes;
  const auto put = [&](const auto& value) {
    const char* const from = reinterpret_cast<const char*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
  };
  for (const Plan& plan : plans) {
    for (const Operand& load : plan.loads) put(load.data);
    for (const Plan::Store& store : plan.stores) put(store.data);
  }
  const size_t before = bytes.size();
  for (const Plan& plan : plans)
    for (uint64_t number : plan.numbers) put(number);
  if (bytes.size() == before) put(uint64_t{0});
  for (const Plan& plan : plans) put(static_cast<uint32_t>(plan.numel));
  for (size_t i = 0; i < plans.size(); ++i) put(Section(plans[i], i, 0, 0).blocks());
  return bytes;
}

}  // namespace flambeau::cuda::fusion
