// What kernels see of a call, and what core gets from the table of the device.
#include "runtime/call.h"

#include <limits>
#include <numeric>

#include "emulation/state.h"
#include "harness.h"
#include "runtime/graph.h"
#include "runtime/primitives.h"

using namespace flambeau;
using namespace flambeau::cuda;
using namespace flambeau::cuda::testing;

namespace {

// Work is done as late as CUDA allows, so that what is not waited for is not there.
struct AsLateAsPossible {
  bool before = emulation::settings().asynchronous;
  AsLateAsPossible() { emulation::settings().asynchronous = true; }
  ~AsLateAsPossible() { emulation::settings().asynchronous = before; }
};

__global__ void add_number(const double* x, const double* number, double* y, int64_t n) {
  const int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x;
  if (i < n) y[i] = x[i] + *number;
}

__global__ void add_whole(const int64_t* a, const int64_t* b, int64_t* y) { *y = *a + *b; }

__global__ void check_indices(const int64_t* index, int64_t n, int64_t bound, const Fault* fault) {
  const int64_t i = threadIdx.x;
  if (i < n && (index[i] < 0 || index[i] >= bound)) report(fault, kFaultIndex, index[i], bound, i);
}

__global__ void check_rates(const double* rate, const Fault* fault) {
  if (!(*rate >= 0)) report_number(fault, kFaultRate, *rate, 3);
}

__global__ void show_place(Philox given, int64_t* out) {
  const Philox philox = given.now();
  out[0] = static_cast<int64_t>(philox.seed);
  out[1] = static_cast<int64_t>(philox.offset);
}

// x + number, by the number in memory.
FLAMBEAU_CUDA_KERNEL(testAddNumber) {
  const Tensor x = call.contiguous(call.in(0));
  const Tensor& number = call.in(1);
  const Tensor& y = call.out(0);
  launch(add_number, static_cast<unsigned>((x.numel() + 127) / 128), 128, 0, call.stream(),
         x.as<double>(), number.as<double>(), y.as<double>(), x.numel());
}

FLAMBEAU_CUDA_KERNEL(testAddWhole) {
  const int64_t* const a = call.in(0).as<int64_t>();
  const int64_t* const b = call.in(1).as<int64_t>();
  launch(add_whole, 1, 1, 0, call.stream(), a, b, call.out(0).as<int64_t>());
}

FLAMBEAU_CUDA_KERNEL(testIndices) {
  const Tensor& index = call.in(0);
  fill_with(call, call.out(0), 1);
  const Fault* const fault =
      call.num_params() > 1 ? call.fault(index, call.integer(1)) : call.fault();
  launch(check_indices, 1, 32, 0, call.stream(), index.as<int64_t>(), index.numel(),
         call.integer(0), fault);
}

FLAMBEAU_CUDA_KERNEL(testRates) {
  fill_with(call, call.out(0), 1);
  launch(check_rates, 1, 1, 0, call.stream(), call.in(0).as<double>(), call.fault());
}

FLAMBEAU_CUDA_KERNEL(testDraw) {
  const Philox place = call.draw(0, 10);
  launch(show_place, 1, 1, 0, call.stream(), place, call.out(0).as<int64_t>());
}

__global__ void show_number(double given, const double* live, double* y) {
  *y = live ? *live : given;
}

// Twice the parameter, as it is at each replay.
FLAMBEAU_CUDA_KERNEL(testLive) {
  const auto make = [](const double* params) { return 2 * params[0]; };
  launch(show_number, 1, 1, 0, call.stream(), make(call.params()), call.live<double>(make),
         call.out(0).as<double>());
}

// Row-major copy of a list that was on the host.
FLAMBEAU_CUDA_KERNEL(testUpload) {
  std::vector<double> numbers(static_cast<size_t>(call.spec(0).shape.sizes[0]));
  std::iota(numbers.begin(), numbers.end(), call.param(0));
  const void* const there = call.upload(numbers.data(), numbers.size() * sizeof(double));
  check(cudaMemcpyAsync(call.out(0).data, there, numbers.size() * sizeof(double),
                        cudaMemcpyDeviceToDevice, call.stream()),
        "cudaMemcpyAsync");
}

FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(testNarrow, call.in(0).dtype == DType::kFloat16) {
  copy_into(call, call.out(0), call.in(0));
}

FLAMBEAU_CUDA_KERNEL(testThrows) {
  switch (call.integer(0)) {
    case 0: throw Failure("ERR_SHAPE", "a shape does not fit");
    case 1: throw std::bad_alloc();
    case 2: throw std::runtime_error("something else");
    case 3: throw 42;
    default: call.in(1);
  }
}

std::string failure_of(const std::string& name, const std::vector<In>& inputs,
                       const std::vector<Out>& outputs, const std::vector<double>& params) {
  try {
    run(name, inputs, outputs, params);
  } catch (const Failure& failure) {
    return std::string(failure.code()) + ": " + failure.what();
  }
  return "no failure";
}

const Out kNumber(DType::kFloat64, {});

}  // namespace

TEST_CASE("a kernel reads a number from memory, and copies what is not row-major") {
  const Array x = array<double>({3, 2}, {1, 2, 3, 4, 5, 6}, {1, 3});  // transposed
  const Results y =
      run("testAddNumber", {x, In(0.5, DType::kFloat64)}, {{DType::kFloat64, {3, 2}}});
  CHECK(y[0].values() == std::vector<double>{1.5, 4.5, 2.5, 5.5, 3.5, 6.5});
}

TEST_CASE("whole numbers of 64 bits arrive in full") {
  kernel_number("testAddWhole");
  Prepared prepared({In(0.0, DType::kInt64), In(0.0, DType::kInt64)}, {{DType::kInt64, {}}}, {});
  const int64_t large = std::numeric_limits<int64_t>::max() - 5;
  std::memcpy(prepared.call().inputs[0].tensor.data, &large, sizeof large);
  require_ok(device_table()->launch(kernel_number("testAddWhole"), &prepared.call()));
  const Array y = prepared.results()[0];
  int64_t result;
  std::memcpy(&result, y.bytes.data(), sizeof result);
  CHECK(result == large);
}

TEST_CASE("host memory may change once it was uploaded") {
  const AsLateAsPossible late;
  const int64_t n = 1000;
  const Results y = run("testUpload", {}, {{DType::kFloat64, {n}}}, {7});
  std::vector<double> expected(n);
  std::iota(expected.begin(), expected.end(), 7.0);
  CHECK(y[0].values() == expected);
}

TEST_CASE("narrow types go to kernels that know them") {
  const auto answer = [](const Array& x) {
    const Prepared prepared({x}, {{x.dtype, {1}}}, {});
    return device_table()->knows(kernel_number("testNarrow"), &prepared.call());
  };
  CHECK(answer(array<float>({1}, {1})) == FLAMBEAU_ANY_TYPES);
  CHECK(answer(array<Half>({1}, {1})) == FLAMBEAU_ANY_TYPES);
  CHECK(answer(array<BFloat16>({1}, {1})) == FLAMBEAU_WIDE_TYPES);
  const Prepared number({In(1.0, DType::kBFloat16)}, {kNumber}, {});
  CHECK(device_table()->knows(kernel_number("testAddNumber"), &number.call()) ==
        FLAMBEAU_WIDE_TYPES);
  CHECK(device_table()->knows(100000, &number.call()) == FLAMBEAU_NO_KERNEL);
}

TEST_CASE("nothing that a kernel throws gets past the border") {
  const std::vector<Out> outputs{kNumber};
  CHECK(failure_of("testThrows", {}, outputs, {0}) == "ERR_SHAPE: a shape does not fit");
  CHECK(failure_of("testThrows", {}, outputs, {1}).starts_with("ERR_OUT_OF_MEMORY: "));
  CHECK(failure_of("testThrows", {}, outputs, {2}) == "ERR_NATIVE: something else");
  CHECK(failure_of("testThrows", {}, outputs, {3}) == "ERR_NATIVE: something unknown was thrown");
  CHECK(failure_of("testThrows", {}, outputs, {4}).starts_with("ERR_INTERNAL: "));
  CHECK(failure_of("testThrows", {}, outputs, {0.5}).starts_with("ERR_VALUE: "));
}

TEST_CASE("what device code reports is raised in the processor's words") {
  const Array index = array<int64_t>({2, 2}, {0, 1, 2, 7});
  const std::vector<Out> outputs{kNumber};
  const std::string end = " (the GPU found it in an earlier call)";
  CHECK(failure_of("testIndices", {index}, outputs, {3, 1}) ==
        "ERR_INDEX: testIndices: index 7 at position [1, 1] is outside axis 1, which has 3 "
        "positions" +
            end);
  CHECK(failure_of("testIndices", {index}, outputs, {1, kFaultOfTensor})
            .find(" is outside the tensor, which has 1 element (") != std::string::npos);
  CHECK(failure_of("testIndices", {array<int64_t>({}, {-1})}, outputs, {4, kFaultOfClasses}) ==
        "ERR_INDEX: testIndices: class -1 is outside [0, 4)" + end);
  CHECK(failure_of("testIndices", {array<int64_t>({1}, {9})}, outputs, {4}) ==
        "ERR_INDEX: testIndices: index 9 is outside [0, 4)" + end);
  CHECK(failure_of("testRates", {array<double>({}, {-1.5})}, outputs, {}) ==
        "ERR_VALUE: testRates: rates are at least 0, but that of element 3 is -1.500000" + end);
  CHECK(failure_of("testIndices", {index}, outputs, {8}) == "no failure");
}

TEST_CASE("the first failure is the one that is raised, at a copy to the host, and once") {
  const AsLateAsPossible late;
  const int kernel = kernel_number("testIndices");
  Prepared first({array<int64_t>({1}, {5})}, {kNumber}, {2, 0});
  Prepared second({array<int64_t>({1}, {6})}, {kNumber}, {2, 0});
  require_ok(device_table()->launch(kernel, &first.call()));
  require_ok(device_table()->launch(kernel, &second.call()));
  CHECK_THROWS_WITH(second.results(),
                    "testIndices: index 5 at position [0] is outside axis 0, which has 2 positions "
                    "(the GPU found it in an earlier call)");
  CHECK(second.results()[0].values() == std::vector<double>{1});
}

TEST_CASE("large copies arrive whole, and from memory that changes at once") {
  const AsLateAsPossible late;
  const FlambeauDevice& device = *device_table();
  const size_t count = (size_t{11} << 20) / sizeof(int32_t) + 3;
  std::vector<int32_t> numbers(count), back(count);
  std::iota(numbers.begin(), numbers.end(), 1);
  void* data = nullptr;
  require_ok(device.allocate(0, count * sizeof(int32_t), &data));
  for (int turn = 0; turn < 3; ++turn) {
    const std::vector<int32_t> kept = numbers;
    require_ok(device.transfer(data, 0, numbers.data(), -1, count * sizeof(int32_t)));
    for (int32_t& number : numbers) number += 1000;
    require_ok(device.transfer(back.data(), -1, data, 0, count * sizeof(int32_t)));
    CHECK(back == kept);
  }
  device.deallocate(0, data);
}

TEST_CASE("copies between devices keep the order of both") {
  const AsLateAsPossible late;
  const FlambeauDevice& device = *device_table();
  const size_t bytes = 100000;
  std::vector<char> ones(bytes, 1), twos(bytes, 2), back(bytes);
  void *here = nullptr, *there = nullptr;
  require_ok(device.allocate(0, bytes, &here));
  require_ok(device.allocate(1, bytes, &there));
  require_ok(device.transfer(here, 0, ones.data(), -1, bytes));
  require_ok(device.transfer(there, 1, here, 0, bytes));
  require_ok(device.transfer(here, 0, twos.data(), -1, bytes));
  require_ok(device.transfer(back.data(), -1, there, 1, bytes));
  CHECK(back == ones);
  require_ok(device.transfer(there, 1, here, 0, bytes));
  device.deallocate(0, here);
  require_ok(device.transfer(back.data(), -1, there, 1, bytes));
  CHECK(back == twos);
  device.deallocate(1, there);
}

TEST_CASE("a call stays on its device, whatever core does meanwhile") {
  static FlambeauHost wandering = *FakeCore::table();
  wandering.temporary = [](void* host, size_t bytes, void** data) {
    const int status = FakeCore::table()->temporary(host, bytes, data);
    use_device(1);  // as if it gave back what another device has
    return status;
  };
  Prepared prepared({array<float>({2}, {1, 2})}, {{DType::kFloat32, {2}}}, {});
  Call call(wandering, prepared.call(), kernel_number("relu"));
  use_device(0);
  call.scratch(100);
  int device = -1;
  check(cudaGetDevice(&device), "cudaGetDevice");
  CHECK(device == 0);
}

TEST_CASE("a device that is not there is refused") {
  void* data = nullptr;
  CHECK(device_table()->allocate(7, 100, &data) == FLAMBEAU_FAILED);
  const char* code = nullptr;
  CHECK(std::string(device_table()->error(&code)) == "there is no GPU 7, only 2");
  CHECK(std::string(code) == "ERR_VALUE");
}

TEST_CASE("memory that is not there is no failure of another kind") {
  void* data = nullptr;
  CHECK(device_table()->allocate(0, size_t{1} << 40, &data) == FLAMBEAU_OUT_OF_MEMORY);
  const char* code = nullptr;
  CHECK(std::string(device_table()->error(&code)).starts_with("GPU 0 has no room for 1.0 TB more"));
  CHECK(std::string(code) == "ERR_OUT_OF_MEMORY");
}

TEST_CASE("kernels draw one after another") {
  Prepared prepared({}, {{DType::kInt64, {2}}}, {});
  prepared.core().drawn = 30;
  require_ok(device_table()->launch(kernel_number("testDraw"), &prepared.call()));
  CHECK(prepared.results()[0].values() == std::vector<double>{42, 30});
  CHECK(prepared.core().drawn == 40);
}

TEST_CASE("a graph keeps what was uploaded, and draws anew") {
  const AsLateAsPossible late;
  const cudaStream_t stream = pooled_stream(0, 0);
  const cudaStream_t before = current_stream(0);
  Prepared numbers({}, {{DType::kFloat64, {3}}}, {5});
  Prepared first({}, {{DType::kInt64, {2}}}, {}), second({}, {{DType::kInt64, {2}}}, {});
  Graph graph;
  set_current_stream(0, stream);
  graph.begin(0, stream, false);
  require_ok(device_table()->launch(kernel_number("testUpload"), &numbers.call()));
  require_ok(device_table()->launch(kernel_number("testDraw"), &first.call()));
  require_ok(device_table()->launch(kernel_number("testDraw"), &second.call()));
  CHECK(device_table()->synchronize(0) == FLAMBEAU_FAILED);
  const char* code = nullptr;
  CHECK(std::string(device_table()->error(&code)) ==
        "synchronize waits for the GPU, which does nothing while a graph is captured");
  graph.end();
  CHECK(first.core().drawn == 0);
  CHECK(graph.draws().at(0).counters == 20);
  for (const uint64_t offset : {100, 120}) {
    graph.place(0, 9, offset, stream);
    graph.replay(stream);
    CHECK(numbers.results()[0].values() == std::vector<double>{5, 6, 7});
    const auto place = static_cast<double>(offset);
    CHECK(first.results()[0].values() == std::vector<double>{9, place});
    CHECK(second.results()[0].values() == std::vector<double>{9, place + 10});
  }
  graph.reset();
  CHECK_THROWS_WITH(graph.replay(stream), "the graph has not been captured");
  set_current_stream(0, before);
}

TEST_CASE("numbers of a graph's calls are those of each replay") {
  const AsLateAsPossible late;
  CHECK(run("testLive", {}, {kNumber}, {4})[0].values() == std::vector<double>{8});
  const cudaStream_t stream = pooled_stream(0, 0);
  const cudaStream_t before = current_stream(0);
  Prepared noise({}, {{DType::kFloat64, {64}}}, {1});
  Prepared number({}, {kNumber}, {4});
  Graph graph;
  set_current_stream(0, stream);
  graph.begin(0, stream, false);
  // What captured work wrote to and gave back is not where the numbers are kept.
  require_ok(device_table()->launch(kernel_number("testUpload"), &noise.call()));
  void* temporary = nullptr;
  require_ok(device_table()->allocate(0, sizeof(double), &temporary));
  check(cudaMemsetAsync(temporary, 0xff, sizeof(double), stream), "cudaMemsetAsync");
  device_table()->deallocate(0, temporary);
  require_ok(device_table()->launch(kernel_number("testLive"), &number.call()));
  graph.end();
  REQUIRE(graph.live_count() == 1);
  graph.replay(stream);
  CHECK(number.results()[0].values() == std::vector<double>{8});
  const double other[] = {-3, 0};
  graph.set_params(0, other, 1);
  for (int i = 0; i < 2; ++i) {
    graph.replay(stream);
    CHECK(number.results()[0].values() == std::vector<double>{-6});
  }
  CHECK_THROWS_AS(graph.set_params(0, other, 2), Failure);
  CHECK_THROWS_AS(graph.set_params(1, other, 1), Failure);
  graph.reset();
  set_current_stream(0, before);
}
