// Captures beside other threads' work, and replays on several streams.
#include "graph.h"

#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "device_array.h"
#include "memory.h"
#include "stream.h"

namespace flambeau::cuda {
namespace {

__global__ void add(int* x, int value) { x[threadIdx.x] += value; }
// log[0] counts what comes after it.
__global__ void note(double* log, const double* value) {
  log[0] += 1;
  log[static_cast<int>(log[0])] = *value;
}

// A graph that adds 1 to four numbers, captured while `meanwhile` runs.
template <class Body>
void capture(Graph& graph, int* x, const Body& meanwhile) {
  const cudaStream_t stream = pooled_stream(0, 0);
  graph.begin(0, stream, false);
  launch(add, 1, 4, 0, stream, x, 1);
  meanwhile();
  graph.end();
}

TEST_CASE("what other threads wait for does not spoil a capture") {
  const Changed quiet;
  DeviceArray<int> x(std::vector<int>(4, 0));
  Graph graph;
  std::string failure;
  capture(graph, x.data(), [&] {
    std::thread([&] { failure = failure_of([] { synchronize_device(0, "synchronize"); }); }).join();
  });
  CHECK(failure == "");
  REQUIRE(graph.is_ready());
  graph.replay(default_stream(0));
  synchronize_device(0, "synchronize");
  CHECK(x.read() == std::vector<int>(4, 1));
}

TEST_CASE("a graph that goes away does not spoil the capture of another one") {
  const Changed quiet;
  DeviceArray<int> x(std::vector<int>(4, 0));
  auto first = std::make_unique<Graph>();
  capture(*first, x.data(), [] {});
  first->replay(default_stream(0));
  Graph second;
  capture(second, x.data(), [&] { first.reset(); });
  second.replay(default_stream(0));
  synchronize_device(0, "synchronize");
  CHECK(x.read() == std::vector<int>(4, 2));
}

TEST_CASE("uploads of another thread go on while a stream that had some is captured") {
  const Changed quiet;
  const cudaStream_t captured = pooled_stream(0, 0);
  constexpr size_t kBytes = size_t{1} << 20;
  const std::vector<char> bytes(kBytes, 7);
  DeviceArray<char> there(kBytes);
  upload(0, captured, there.data(), bytes.data(), kBytes);
  Graph graph;
  graph.begin(0, captured, false);
  std::string failure;
  std::thread([&] {
    // All of the memory that uploads pass through, twice.
    failure = failure_of([&] {
      for (int i = 0; i < 32; ++i) upload(0, default_stream(0), there.data(), bytes.data(), kBytes);
    });
  }).join();
  CHECK(failure == "");
  graph.end();
  CHECK(graph.is_ready());
}

TEST_CASE("a replay on another stream waits with its numbers for the one before") {
  const Changed late;
  DeviceArray<double> log(std::vector<double>(4, 0));
  Graph graph;
  const cudaStream_t stream = pooled_stream(0, 0);
  graph.begin(0, stream, false);
  const double first = 10;
  const auto copy = [](const double* params, void* to) { std::memcpy(to, params, sizeof *params); };
  void* const live = graph.live(sizeof(double), &first, 1, copy);
  launch(note, 1, 1, 0, stream, log.data(), static_cast<const double*>(live));
  graph.end();
  emulation::settings().asynchronous = true;
  const cudaStream_t streams[] = {default_stream(0), pooled_stream(0, 0), default_stream(0)};
  for (int i = 0; i < 3; ++i) {
    const double number = i + 1;
    graph.set_params(0, &number, 1);
    graph.replay(streams[i]);
  }
  synchronize_device(0, "synchronize");
  CHECK(log.read() == std::vector<double>{3, 1, 2, 3});
}

}  // namespace
}  // namespace flambeau::cuda
