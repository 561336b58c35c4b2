// What a chain of elementwise operations takes, stores and drops. Nothing here is compiled or run.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "chain.h"
#include "group.h"
#include "source.h"

using namespace flambeau;
using namespace flambeau::cuda;
using namespace flambeau::cuda::fusion;

namespace {

alignas(512) char memory[1 << 16];

// A row-major tensor at a place in `memory`.
Strided at(int place, const Shape& shape, DType dtype = DType::kFloat32) {
  Strided t;
  t.data = memory + place;
  t.dtype = dtype;
  t.shape = shape;
  contiguous_strides(shape, t.strides);
  return t;
}

Strided turned(Strided t) {
  std::swap(t.shape.sizes[0], t.shape.sizes[1]);
  std::swap(t.strides[0], t.strides[1]);
  return t;
}

Step step(const char* name, const Strided& out, const std::vector<Strided>& inputs,
          int numbers = 0) {
  Step made;
  made.formula = {name, numbers, false};
  made.type = inputs.empty() ? out.dtype : inputs.back().dtype;
  made.out_type = out.dtype;
  made.out = out.data;
  made.numel = out.numel();
  for (const Strided& input : inputs) made.inputs[made.count++] = Operand::memory(out, input);
  return made;
}
Step number_step(const char* name, const Strided& out, const Strided& input, float number) {
  Step made = step(name, out, {input});
  made.inputs[made.count++] = Operand::number(DType::kFloat32, bits_of_number(number));
  return made;
}

const Shape kShape = {8, 16};
constexpr int kBytes = 8 * 16 * 4;
Strided place(int i) { return at(i * kBytes, kShape); }

Chain chain_of(const std::vector<Step>& steps) {
  Chain chain;
  for (const Step& each : steps) {
    REQUIRE(chain.takes(each));
    chain.add(each);
  }
  return chain;
}

std::vector<int> stored(const Chain& chain) {
  std::vector<int> places;
  for (const Plan::Store& store : chain.plan().stores)
    places.push_back(static_cast<int>(store.data - memory) / kBytes);
  return places;
}

}  // namespace

TEST_CASE("a result is handed on to who reads it as it was written") {
  const Chain chain =
      chain_of({step("Exp", place(1), {place(0)}), step("Add", place(2), {place(1), place(0)}),
                step("Neg", place(3), {place(2)})});
  const Plan plan = chain.plan();
  REQUIRE(plan.steps.size() == 3);
  CHECK(plan.loads.size() == 1);
  CHECK(plan.steps[1].inputs[0].from == From::kStep);
  CHECK(plan.steps[1].inputs[0].index == 0);
  CHECK(plan.steps[1].inputs[1].from == From::kMemory);
  CHECK(stored(chain) == std::vector<int>{1, 2, 3});
}

TEST_CASE("what was given back is not stored, and what only leads there not computed") {
  Chain chain = chain_of({step("Exp", place(1), {place(0)}), step("Neg", place(2), {place(1)}),
                          step("Abs", place(3), {place(0)})});
  chain.forget(place(1).data);
  CHECK(stored(chain) == std::vector<int>{2, 3});
  CHECK(chain.plan().steps.size() == 3);
  chain.forget(place(2).data);
  CHECK(stored(chain) == std::vector<int>{3});
  CHECK(chain.plan().steps.size() == 1);
  chain.forget(place(3).data);
  CHECK(chain.plan().steps.empty());
}

TEST_CASE("what is written again at the same place is stored once") {
  const Chain chain =
      chain_of({step("Exp", place(1), {place(0)}), number_step("Mul", place(1), place(1), 2),
                step("Neg", place(2), {place(1)}), number_step("Add", place(1), place(1), 1)});
  const Plan plan = chain.plan();
  CHECK(stored(chain) == std::vector<int>{2, 1});
  CHECK(plan.stores.back().step == 3);
  CHECK(plan.steps[2].inputs[0].index == 1);  // what was there then
  CHECK(plan.numbers.size() == 2);
}

TEST_CASE("memory that is read may be written later by the same thread only") {
  const Step first = step("Exp", place(1), {place(0)});
  SUBCASE("the same elements in the same order") {
    CHECK(chain_of({first}).takes(step("Neg", place(0), {place(1)})));
  }
  SUBCASE("the same elements in another order") {
    Step other = step("Exp", place(1), {turned(at(0, {16, 8}))});
    CHECK_FALSE(chain_of({other}).takes(step("Neg", place(0), {place(1)})));
  }
  SUBCASE("a part of it") {
    CHECK_FALSE(chain_of({first}).takes(step("Neg", at(kBytes / 2, kShape), {place(2)})));
  }
  SUBCASE("another type of the same size, accesses to which a compiler may exchange") {
    CHECK_FALSE(chain_of({first}).takes(
        step("Neg", at(0, kShape, DType::kInt32), {at(4 * kBytes, kShape, DType::kInt32)})));
  }
  SUBCASE("smaller elements") {
    CHECK_FALSE(chain_of({first}).takes(
        step("Neg", at(0, kShape, DType::kBFloat16), {at(4 * kBytes, kShape, DType::kBFloat16)})));
  }
  SUBCASE("a row that all read") {
    const Chain row = chain_of({step("Add", place(2), {place(1), at(0, {16})})});
    CHECK_FALSE(row.takes(step("Neg", place(0), {place(2)})));
    CHECK(row.takes(step("Neg", place(3), {place(2)})));
  }
}

TEST_CASE("results that are read otherwise than they were written end a chain") {
  const Chain chain = chain_of({step("Exp", place(1), {place(0)})});
  const Strided square = at(kBytes, {16, 8});
  CHECK_FALSE(chain.takes(step("Neg", at(2 * kBytes, {8, 16}), {turned(square)})));
  CHECK_FALSE(chain.takes(step("Add", place(2), {place(0), at(kBytes, {16})})));
  CHECK_FALSE(chain.takes(step("Neg", place(2), {at(kBytes + 64, kShape)})));
  CHECK_FALSE(chain.takes(
      step("Neg", at(2 * kBytes, kShape, DType::kInt32), {at(kBytes, kShape, DType::kInt32)})));
  // Another shape of as many elements in the same order is the same.
  CHECK(chain.takes(step("Neg", at(2 * kBytes, {128}), {at(kBytes, {128})})));
  CHECK(chain.takes(step("Neg", at(2 * kBytes, {16, 8}), {square})));
}

TEST_CASE("two results share memory only at the same places") {
  Chain chain = chain_of({step("Exp", place(1), {place(0)})});
  CHECK_FALSE(chain.takes(step("Neg", at(kBytes + 256, kShape), {place(0)})));
  CHECK_FALSE(chain.takes(step("Lt", at(kBytes, kShape, DType::kBool), {place(0), place(0)})));
  // Memory that was given back is handed out again.
  chain.forget(place(1).data);
  CHECK(chain.takes(step("Lt", at(kBytes, kShape, DType::kBool), {place(0), place(0)})));
  chain.add(step("Lt", at(kBytes, kShape, DType::kBool), {place(0), place(0)}));
  CHECK(chain.plan().stores.size() == 1);
  CHECK(chain.plan().stores[0].dtype == DType::kBool);
}

TEST_CASE("a chain is over equally many elements, and of bounded length") {
  Chain chain = chain_of({step("Exp", place(1), {place(0)})});
  CHECK_FALSE(chain.takes(step("Exp", at(2 * kBytes, {8}), {at(3 * kBytes, {8})})));
  for (int i = 1; i < Chain::kMostLoads; ++i) {
    const Step next = step("Add", place(1), {place(1), place(20 + i)});
    REQUIRE(chain.takes(next));
    chain.add(next);
  }
  CHECK_FALSE(chain.takes(step("Add", place(1), {place(1), place(50)})));
  CHECK(chain.takes(step("Add", place(1), {place(1), place(20 + 1)})));
  while (chain.size() < Chain::kMostSteps) chain.add(step("Neg", place(1), {place(1)}));
  CHECK_FALSE(chain.takes(step("Neg", place(1), {place(1)})));
}

TEST_CASE("the text of a kernel depends on the structure only") {
  const auto text = [](int to, int from, float number, const Shape& shape) {
    const Strided x = at(from, shape), y = at(to, shape);
    const Chain chain = chain_of({number_step("Mul", y, x, number), step("Exp", y, {y})});
    return write_kernel({chain.plan()}).source;
  };
  const std::string one = text(kBytes, 0, 2, kShape);
  CHECK(one == text(4 * kBytes, 8 * kBytes, 3, {4, 4}));
  CHECK(one != text(kBytes + 4, 0, 2, kShape));  // not aligned
  CHECK(one != text(kBytes, 0, 2, {5, 7}));      // not a multiple of what a thread does
  CHECK(one.find("load_pack<float>(x0, args.data[0], first)") != std::string::npos);
}

TEST_CASE("elements that are broadcast or turned are found by the sizes") {
  const auto text = [](const Strided& other, DType dtype = DType::kFloat32) {
    const Strided out = at(8192, kShape, dtype);
    const Chain chain =
        chain_of({step("Add", out, {at(16384, kShape, dtype), other}), step("Neg", out, {out})});
    return write_kernel({chain.plan()}).source;
  };
  const auto has = [](const std::string& source, const char* part) {
    return source.find(part) != std::string::npos;
  };
  CHECK(has(text(at(0, {16})), "load_pack<float>(x1, args.data[1], walk0_1(first))"));
  CHECK(has(text(at(4, {16})), "x1[j] = load<float>(args.data[1], walk0_1(first + j))"));
  CHECK(has(text(at(0, {8, 1})), "const float x1 = load<float>(args.data[1], walk0_1(first))"));
  CHECK(has(text(at(0, {1})), "const float x1 = load<float>(args.data[1], 0)"));
  CHECK(has(text(turned(at(0, {16, 8}))), "place % 16u) * 8"));
  CHECK(has(text(at(0, {16}, DType::kBFloat16), DType::kBFloat16), "constexpr int V = 8"));
}

TEST_CASE("chains that have nothing to do with each other are held together") {
  Group group;
  const auto take = [&](Step each) { return group.take(each); };
  const Shape small = {4, 8};
  const auto other = [&](int i) { return at(32 * kBytes + i * 128, small); };
  CHECK(take(step("Exp", place(1), {place(0)})));
  CHECK(take(step("Exp", other(1), {other(0)})));
  CHECK(take(step("Neg", place(2), {place(1)})));
  CHECK(take(step("Neg", other(2), {other(1)})));
  REQUIRE(group.chains().size() == 2);
  CHECK(group.size() == 4);
  CHECK(group.chains()[0].size() == 2);

  SUBCASE("what reads results of another chain ends them") {
    CHECK_FALSE(take(step("Add", place(3), {place(2), at(32 * kBytes + 256, {16})})));
  }
  SUBCASE("so does what writes over what another one reads, or writes") {
    CHECK_FALSE(take(step("Exp", at(32 * kBytes, kShape), {place(2)})));
    CHECK_FALSE(take(step("Exp", at(0, small), {other(2)})));
    CHECK_FALSE(take(step("Exp", at(2 * kBytes, small), {other(2)})));
  }
  SUBCASE("memory that was given back by one may be another's") {
    group.forget(place(2).data);
    CHECK(take(step("Exp", at(2 * kBytes, small), {other(2)})));
  }
  SUBCASE("there are not too many") {
    for (int i = 2; i < Group::kMostChains; ++i)
      CHECK(take(step("Exp", at(48 * kBytes + i * 512, {i}), {at(40 * kBytes, {i})})));
    CHECK_FALSE(take(step("Exp", at(60 * kBytes, {100}), {at(40 * kBytes, {100})})));
  }
  SUBCASE("nor too many that are heavy") {
    Step heavy = step("Exp", place(3), {place(2)});
    heavy.is_heavy = true;
    for (int i = 0; i < Group::kMostHeavy; ++i) CHECK(take(heavy));
    CHECK_FALSE(take(heavy));
    heavy.is_heavy = false;
    CHECK(take(heavy));
  }
  SUBCASE("nor so many that their operands are more than a kernel takes") {
    // With three numbers each, and a result that is stored.
    int taken = group.size();
    const auto next = [&](int i) {
      Step each = step("NanToNum", at(8192 + 32 * i, {4 + i % 4}), {at(4096, {4 + i % 4})}, 3);
      return each;
    };
    int i = 0;
    while (i < 1000 && take(next(i))) ++i;
    taken += i;
    CHECK(taken == Group::kMostSteps);
    std::vector<Plan> plans;
    for (const Chain& chain : group.chains()) plans.push_back(chain.plan());
    CHECK(pack_arguments(plans).size() < 4096);
  }
  SUBCASE("they are sections of one kernel") {
    const std::vector<Plan> plans = {group.chains()[0].plan(), group.chains()[1].plan()};
    const KernelText text = write_kernel(plans);
    CHECK(text.blocks == 2);
    CHECK(text.source.find("if (block < args.blocks[0]) return section0(args, block);") !=
          std::string::npos);
    CHECK(text.source.find("load_pack<float>(x0, args.data[3], first)") != std::string::npos);
    // 6 operands, a number that nobody reads, two counts each.
    CHECK(pack_arguments(plans).size() == 6 * 8 + 8 + 2 * 8);
  }
}
