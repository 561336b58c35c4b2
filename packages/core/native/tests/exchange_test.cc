#include "../runtime/exchange.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "../runtime/context.h"

using namespace flambeau;

TEST_CASE("a sent tensor lives until it is received or its channel closes") {
  const size_t before = live_bytes();
  const uint32_t channel = open_channel();
  const uint64_t ticket = send(channel, empty_tensor({1000}, DType::kFloat64));
  const uint64_t other = send(channel, empty_tensor({1000}, DType::kFloat64));
  CHECK(waiting_tensors() == 2);
  {
    const Tensor kept = receive(ticket, true);
    const Tensor taken = receive(ticket, false);
    CHECK(kept.data == taken.data);
    CHECK(waiting_tensors() == 1);
  }
  CHECK_THROWS_AS(receive(ticket, false), Failure);
  close_channel(channel);
  close_channel(channel);
  CHECK_THROWS_AS(receive(other, true), Failure);
  CHECK_THROWS_AS(send(channel, empty_tensor({1}, DType::kFloat32)), Failure);
  CHECK(waiting_tensors() == 0);
  CHECK(live_bytes() == before);
}

TEST_CASE("threads send and receive at once") {
  const size_t before = live_bytes();
  const uint32_t channel = open_channel();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([channel, t] {
      for (int i = 0; i < 2000; ++i) {
        Tensor tensor = empty_tensor({16}, DType::kInt64);
        tensor.as<int64_t>()[3] = t * 10000 + i;
        const Tensor back = receive(send(channel, tensor), false);
        if (back.as<int64_t>()[3] != t * 10000 + i) throw Failure("ERR_INTERNAL", "mixed up");
      }
    });
  for (std::thread& thread : threads) thread.join();
  close_channel(channel);
  CHECK(waiting_tensors() == 0);
  CHECK(live_bytes() == before);
}
