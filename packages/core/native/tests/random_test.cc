#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "sampling.h"
#include "sampling_isa.h"

// Expected numbers are PyTorch 2.13.0's (CPU, AVX2); goldens/random.json has many more.

namespace {

using flambeau::Generator;
using Isa = flambeau::sampling::Isa;

template <typename T, typename Fill>
std::vector<T> draw(uint64_t seed, size_t n, Fill fill) {
  Generator generator(seed);
  std::vector<T> out(n);
  fill(generator, out.data(), static_cast<int64_t>(n));
  return out;
}

template <typename T>
std::vector<T> uniform(uint64_t seed, size_t n, double from = 0, double to = 1) {
  return draw<T>(seed, n, [=](Generator& generator, T* out, int64_t count) {
    fill_uniform(generator, out, count, from, to);
  });
}
template <typename T>
std::vector<T> normal(uint64_t seed, size_t n, double mean = 0, double std = 1) {
  return draw<T>(seed, n, [=](Generator& generator, T* out, int64_t count) {
    fill_normal(generator, out, count, mean, std);
  });
}
template <typename T>
std::vector<T> exponential(uint64_t seed, size_t n, double rate = 1) {
  return draw<T>(seed, n, [=](Generator& generator, T* out, int64_t count) {
    fill_exponential(generator, out, count, rate);
  });
}
template <typename T>
std::vector<T> randint(uint64_t seed, size_t n, int64_t low, int64_t high) {
  return draw<T>(seed, n, [=](Generator& generator, T* out, int64_t count) {
    flambeau::fill_randint(generator, out, count, low, high);
  });
}
template <typename T>
std::vector<T> random_integers(uint64_t seed, size_t n) {
  return draw<T>(seed, n, flambeau::fill_random<T>);
}
template <typename T>
std::vector<T> bernoulli(uint64_t seed, size_t n, double p) {
  // Not std::vector<bool>, which has no T*.
  std::vector<T> out(n);
  Generator generator(seed);
  flambeau::fill_bernoulli(generator, out.data(), static_cast<int64_t>(n), p);
  return out;
}
template <typename T>
std::vector<T> permutation(uint64_t seed, size_t n) {
  return draw<T>(seed, n, flambeau::randperm<T>);
}

// FNV-1a over the bytes, to compare long results with PyTorch's without listing them.
uint64_t digest(const void* data, size_t bytes) {
  const auto* p = static_cast<const unsigned char*>(data);
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ p[i]) * 1099511628211u;
  return hash;
}
template <typename Container>
uint64_t digest(const Container& values) {
  return digest(values.data(), values.size() * sizeof(values[0]));
}

template <typename T>
std::vector<T> pick(const std::vector<T>& values, std::initializer_list<size_t> indices) {
  std::vector<T> out;
  for (const size_t i : indices) out.push_back(values[i]);
  return out;
}

// For results that went through libm in double, whose last bits are the C library's.
void check_close(const std::vector<double>& got, const std::vector<double>& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-15));
}

// Runs check() for each instruction set this machine has.
template <typename Check>
void for_each_isa(Check check) {
  for (const Isa level : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (level > flambeau::sampling::best_isa()) continue;
    flambeau::sampling::limit_isa(level);
    CAPTURE(static_cast<int>(level));
    check();
  }
  flambeau::sampling::limit_isa(Isa::avx512);
}

}  // namespace

TEST_CASE("Generator gives the words of mt19937, singly and in bulk") {
  for_each_isa([] {
    for (const int64_t n : {0, 1, 2, 623, 624, 625, 5000}) {
      std::mt19937 reference(42);
      Generator generator(42);
      CHECK(generator.random() == reference());
      std::vector<uint32_t> words(static_cast<size_t>(n));
      generator.random_words(words.data(), n);
      bool equal = true;
      for (const uint32_t word : words) equal &= word == reference();
      CHECK(equal);
      const uint64_t high = reference();
      CHECK(generator.random64() == (high << 32 | reference()));
      generator.skip(n);
      reference.discard(static_cast<unsigned long long>(n));
      CHECK(generator.random() == reference());
    }
  });
}

TEST_CASE("seeds keep 64 bits, of which the stream uses the low 32") {
  Generator generator(0x500000007);
  CHECK(generator.initial_seed() == 0x500000007);
  CHECK(generator.random() == Generator(7).random());
  CHECK(Generator().initial_seed() == 67280421310721);
  generator.manual_seed(9);
  CHECK(generator.initial_seed() == 9);
  CHECK(generator.random() == Generator(9).random());
}

TEST_CASE("saved states are torch.get_rng_state() byte for byte") {
  Generator generator(7);
  CHECK(digest(generator.save_state()) == 0x7f4ed5c44183ee68);
  generator.skip(624);
  CHECK(digest(generator.save_state()) == 0x7dffc86547fa0b95);
  generator.manual_seed(7);
  float values[3];
  fill_normal(generator, values, 3, 0, 1);  // leaves a spare
  CHECK(digest(generator.save_state()) == 0xa7b4e4d2a01c0c61);
}

TEST_CASE("a loaded state continues where the saved one was") {
  for (const int64_t skipped : {0, 1, 623, 624, 700}) {
    Generator generator(7);
    float value;
    fill_normal(generator, &value, 1, 0, 1);
    generator.skip(skipped);
    const auto state = generator.save_state();
    Generator other(1);
    other.load_state(state.data(), state.size());
    CHECK(other.initial_seed() == 7);
    CHECK(other.save_state() == state);
    CHECK(other.take_spare_normal() == generator.take_spare_normal());
    CHECK(other.random64() == generator.random64());
  }
}

TEST_CASE("a state says where the stream of devices is, too") {
  Generator generator(7);
  const auto begun = generator.save_state();
  generator.set_device_offset(uint64_t{1} << 40);
  const auto state = generator.save_state();
  CHECK(state != begun);
  Generator other(1);
  other.load_state(state.data(), state.size());
  CHECK(other.device_offset() == uint64_t{1} << 40);
  other.load_state(begun.data(), begun.size());
  CHECK(other.device_offset() == 0);
}

TEST_CASE("bytes that are no generator state are rejected and change nothing") {
  Generator generator(7);
  generator.skip(10);
  const auto state = generator.save_state();
  const auto rejects = [&](size_t offset, int32_t value) {
    auto bytes = state;
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
    CHECK_THROWS_AS(generator.load_state(bytes.data(), bytes.size()), std::invalid_argument);
  };
  rejects(8, 0);     // left: PyTorch's check
  rejects(8, 625);   // left
  rejects(8, 100);   // left and next disagree: PyTorch would read past the block
  rejects(12, 0);    // seeded
  rejects(16, 625);  // next
  CHECK_THROWS_AS(generator.load_state(state.data(), state.size() - 1), std::invalid_argument);
  CHECK(generator.save_state() == state);
}

TEST_CASE("uniform samples equal PyTorch's") {
  CHECK(uniform<float>(0, 4) ==
        std::vector{0x1.fc2abp-2f, 0x1.89545ep-1f, 0x1.6a675p-4f, 0x1.0e66p-3f});
  CHECK(uniform<double>(0, 3) ==
        std::vector{0x1.f0aac97c4aa2fp-1, 0x1.6a675d821cccp-1, 0x1.d6687b744a5f6p-2});
  for_each_isa([] {
    CHECK(uniform<float>(0, 4, -2.5, 3.7) ==
          std::vector{0x1.27511ep-1f, 0x1.21a92ap+1f, -0x1.f39192p+0f, -0x1.ae70f4p+0f});
  });
  CHECK(digest(uniform<float>(42, 100003)) == 0x196cb232b88e27c5);
  CHECK(uniform<float>(0, 100, 2, 2) == std::vector<float>(100, 2));
}

TEST_CASE("normal samples of 16 and more equal PyTorch's") {
  const std::vector<float> sixteen{
      0x1.ed4a52p+0f,  0x1.7cbea6p+0f,  0x1.cd2acep-1f,  -0x1.0d81b6p+1f,
      0x1.5b59aap-1f,  -0x1.3c0b22p+0f, -0x1.60cf0cp-5f, -0x1.9acb74p+0f,
      -0x1.8117ep-1f,  0x1.a612b6p+0f,  -0x1.91e5ecp-2f, -0x1.6752ccp+0f,
      -0x1.74acdcp-1f, -0x1.1e6da2p-1f, -0x1.89a54p-1f,  0x1.865f3ep-1f};
  CHECK(normal<float>(42, 16) == sixteen);
  // With one more element, places 1 .. 16 come from a second group of words.
  CHECK(pick(normal<float>(42, 17), {0, 1, 2, 9, 16}) ==
        std::vector{0x1.ed4a52p+0f, -0x1.46db0ap-3f, -0x1.fd55c8p-2f, 0x1.4be25ep+0f,
                    -0x1.3d2904p-2f});
  for_each_isa([] {
    CHECK(pick(normal<float>(42, 20, 0.3, 1.7), {0, 3, 4, 11, 12, 19}) ==
          std::vector{0x1.c9b26p+1f, -0x1.a3c2eap+1f, -0x1.fa4702p-1f, 0x1.6bca7ep-1f,
                      -0x1.800be4p-4f, -0x1.836fc6p-1f});
    CHECK(digest(normal<float>(42, 100003)) == 0xad70f304aebcf132);
  });
  check_close(pick(normal<double>(42, 16), {0, 1, 7, 8, 15}),
              {0x1.32bee22ccb503p-2, 0x1.f063c46668b78p-3, -0x1.bf975374a1832p+0,
               0x1.63479875eff86p-3, -0x1.7df87a7384c38p+0});
}

TEST_CASE("fewer than 16 normal samples are drawn in pairs, the spare kept for the next call") {
  Generator generator(42);
  std::vector<float> values(5);
  fill_normal(generator, values.data(), 5, 0, 1);
  CHECK(values == std::vector{0x1.58c55cp-2f, 0x1.07cd3ap-3f, 0x1.e02dcep-3f, 0x1.d7b8d8p-3f,
                              -0x1.1f7384p+0f});
  values.resize(2);
  fill_normal(generator, values.data(), 2, 0, 1);
  CHECK(values == std::vector{-0x1.7d99bp-3f, 0x1.1aa658p+1f});
  CHECK(generator.take_spare_normal().has_value() == true);
  check_close(normal<double>(42, 5),
              {0x1.58c55b33d44ccp-2, 0x1.07cd39b3d4b85p-3, 0x1.e02dcdb63ec41p-3,
               0x1.d7b8d7b0a7c22p-3, -0x1.1f7383f8320c1p+0});
}

TEST_CASE("exponential samples equal PyTorch's") {
  CHECK(exponential<float>(1, 4, 1.5) ==
        std::vector{0x1.580b8ap-5f, 0x1.5b3a7p-3f, 0x1.6c694cp-3f, 0x1.0a215cp-3f});
  for_each_isa([] { CHECK(digest(exponential<float>(42, 100003)) == 0x59f922e78bab609b); });
  check_close(exponential<double>(1, 4, 1.5), {0x1.580b8ad6b7468p-5, 0x1.5b3a70423c0b5p-3,
                                               0x1.6c694bbae1a6dp-3, 0x1.0a215b5c9a63ap-3});
}

TEST_CASE("integers in a range equal PyTorch's") {
  CHECK(randint<int64_t>(1, 12, -3, 10) ==
        std::vector<int64_t>{3, 6, 0, -2, 3, -2, 4, -1, 9, 6, -2, -3});
  CHECK(randint<int64_t>(1, 3, -(int64_t{1} << 62), (int64_t{1} << 62) + 12345) ==
        std::vector<int64_t>{3081012064131973355, -547416547355007985, -4609576059358362743});
  // 2^28 is where one word per value becomes two.
  CHECK(randint<int64_t>(1, 3, 0, (1 << 28) - 1) ==
        std::vector<int64_t>{180483115, 256344314, 140980119});
  Generator generator(1);
  generator.skip(3);
  std::vector<int64_t> values(3);
  flambeau::fill_randint(generator, values.data(), 3, 0, 1 << 28);
  CHECK(values == std::vector<int64_t>{491263, 224766667, 93440847});
  // Beyond 2^24 the integers are rounded to floats.
  CHECK(randint<float>(1, 3, (1 << 24) + 1, (1 << 24) + 5) ==
        std::vector<float>{16777218, 16777220, 16777216});
}

TEST_CASE("reduction to a range equals % for ranges of every size") {
  for_each_isa([] {
    for (int64_t range :
         {1, 2, 3, 5, 7, 10, 255, 256, 641, 65535, 65537, (1 << 27) + 1, (1 << 28) - 1}) {
      Generator reference(3);
      bool equal = true;
      for (const int32_t value : randint<int32_t>(3, 3000, -1, range - 1)) {
        equal &= value + 1 == static_cast<int64_t>(reference.random() % range);
      }
      CAPTURE(range);
      CHECK(equal);
    }
  });
}

TEST_CASE("integers without a range equal PyTorch's for each dtype") {
  CHECK(random_integers<float>(1, 3) == std::vector<float>{12710843, 4685804, 6762196});
  CHECK(random_integers<double>(1, 3) ==
        std::vector<double>{549919010553237, 2022607184203397, 2109959069025161});
  CHECK(random_integers<int64_t>(1, 3) ==
        std::vector<int64_t>{7692698082559361259, 4064269471072392264, 2109959069025161});
  CHECK(random_integers<int32_t>(1, 3) == std::vector<int32_t>{1791095845, 2135392491, 946286476});
  CHECK(random_integers<uint8_t>(1, 3) == std::vector<uint8_t>{37, 235, 140});
  Generator generator(1);
  bool flags[3];
  flambeau::fill_random(generator, flags, 3);
  CHECK((flags[0] && flags[1] && !flags[2]));

  generator.manual_seed(1);
  int64_t wide[3];
  flambeau::fill_random_from(generator, wide, 3, std::numeric_limits<int64_t>::min());
  CHECK(wide[0] == 7692698082559361259);
  CHECK(wide[1] == -5159102565782383544);
  uint8_t bytes[3];
  flambeau::fill_random_from(generator, bytes, 3, 200);
  CHECK(std::vector<int>(bytes, bytes + 3) == std::vector{235, 205, 207});
}

TEST_CASE("bernoulli samples equal PyTorch's") {
  CHECK(bernoulli<int32_t>(1, 16, 0.3) ==
        std::vector<int32_t>{1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1});
  // PyTorch's digest is of bools; uint8_t has the same bytes.
  for_each_isa(
      [] { CHECK(digest(bernoulli<uint8_t>(42, 100003, 1.0 / 3)) == 0x4c1087b3bca63683); });
  CHECK(bernoulli<float>(1, 1000, 0) == std::vector<float>(1000, 0));
  CHECK(bernoulli<float>(1, 1000, 1) == std::vector<float>(1000, 1));

  std::vector<double> p(12);
  for (size_t i = 0; i < 12; ++i) p[i] = static_cast<double>(i) / 11;
  const std::vector<float> p_float(p.begin(), p.end());
  std::vector<int32_t> out(12);
  Generator generator(1);
  flambeau::fill_bernoulli_each(generator, out.data(), p_float.data(), 12);
  CHECK(out == std::vector<int32_t>{0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1});
  generator.manual_seed(1);
  flambeau::fill_bernoulli_each(generator, out.data(), p.data(), 12);
  CHECK(out == std::vector<int32_t>{0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1});
}

TEST_CASE("permutations equal PyTorch's") {
  CHECK(permutation<int64_t>(1, 12) == std::vector<int64_t>{1, 4, 6, 8, 11, 0, 5, 3, 2, 9, 10, 7});
  for_each_isa([] { CHECK(digest(permutation<int32_t>(1, 5000)) == 0x8136be85a890eb71); });
  CHECK(permutation<float>(1, 0).empty());
  CHECK(permutation<uint8_t>(1, 1) == std::vector<uint8_t>{0});
  std::vector<uint8_t> all = permutation<uint8_t>(1, 256);
  std::sort(all.begin(), all.end());
  CHECK(std::unique(all.begin(), all.end()) == all.end());
}

TEST_CASE("no values draw no words") {
  Generator generator(5);
  const auto before = generator.save_state();
  float none;
  fill_uniform(generator, &none, 0, 0, 1);
  fill_normal(generator, &none, 0, 0, 1);
  fill_exponential(generator, &none, 0, 1);
  flambeau::fill_randint(generator, &none, 0, 0, 10);
  flambeau::fill_random(generator, &none, 0);
  flambeau::fill_bernoulli(generator, &none, 0, 0.5);
  flambeau::randperm(generator, &none, 1);
  CHECK(generator.save_state() == before);
}

TEST_CASE("ranges that the dtype cannot hold are rejected") {
  Generator generator(1);
  uint8_t byte;
  float number;
  int32_t integer;
  using flambeau::fill_randint, flambeau::fill_random_from, flambeau::randperm;
  CHECK_THROWS_AS(fill_randint(generator, &byte, 1, 5, 5), std::invalid_argument);
  CHECK_THROWS_AS(fill_randint(generator, &byte, 1, -1, 5), std::invalid_argument);
  CHECK_THROWS_AS(fill_randint(generator, &byte, 1, 0, 257), std::invalid_argument);
  // Floats are 4 apart beyond 2^25: low moves up past high.
  CHECK_THROWS_AS(fill_randint(generator, &number, 1, (1 << 25) + 1, (1 << 25) + 3),
                  std::invalid_argument);
  CHECK_THROWS_AS(fill_random_from(generator, &byte, 1, 256), std::invalid_argument);
  CHECK_THROWS_AS(fill_random_from(generator, &number, 1, 1 << 24), std::invalid_argument);
  CHECK_THROWS_AS(fill_random_from(generator, &integer, 1, std::numeric_limits<int64_t>::min()),
                  std::invalid_argument);
  CHECK_THROWS_AS(randperm(generator, &byte, 257), std::invalid_argument);
  CHECK_THROWS_AS(randperm(generator, &byte, -1), std::invalid_argument);
  CHECK(generator.random() == Generator(1).random());
}
