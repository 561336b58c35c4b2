// Exported functions of memory, threads and random numbers.
#include <algorithm>
#include <cstring>

#include "exports.h"
#include "parallel.h"

namespace flambeau {
namespace {

napi_value memory_stats(Arguments& a) {
  Environment& environment = a.connected();
  const AllocatorStats stats = allocator_stats();
  double* out = environment.commands();
  const double values[] = {static_cast<double>(stats.live_bytes),
                           static_cast<double>(stats.cached_bytes),
                           static_cast<double>(stats.peak_live_bytes),
                           static_cast<double>(environment.context().live_entries()),
                           static_cast<double>(environment.context().live_nodes()),
                           static_cast<double>(stats.allocations),
                           static_cast<double>(stats.cache_hits),
                           static_cast<double>(environment.minor_collections()),
                           static_cast<double>(environment.major_collections()),
                           static_cast<double>(Environment::limit())};
  std::memcpy(out, values, sizeof(values));
  return nullptr;
}

// live(): for the out-of-memory message. Writes how many, then dtype, rank, bytes, sizes of the
// largest live tensors.
napi_value live(Arguments& a) {
  Environment& environment = a.connected();
  const std::vector<const Entry*> largest = environment.context().largest(8);
  double* out = environment.commands();
  *out++ = static_cast<double>(largest.size());
  for (const Entry* entry : largest) {
    *out++ = static_cast<double>(entry->tensor.dtype);
    *out++ = entry->tensor.ndim();
    *out++ = static_cast<double>(entry->tensor.storage->bytes);
    for (int i = 0; i < entry->tensor.ndim(); ++i)
      *out++ = static_cast<double>(entry->tensor.size(i));
  }
  return nullptr;
}

napi_value collect(Arguments& a) {
  a.connected().collect(a.as_number(0) != 0);
  return nullptr;
}
napi_value safe_point(Arguments& a) {
  a.connected().safe_point();
  return nullptr;
}
napi_value sweep(Arguments& a) {
  a.connected().sweep();
  return nullptr;
}
napi_value set_limit(Arguments& a) {
  const double bytes = a.as_number(0);
  if (!(bytes >= 0 && bytes <= 9007199254740992.0))
    throw Failure("ERR_INTERNAL", "a limit must be a number of bytes");
  Environment::set_limit(static_cast<size_t>(bytes));
  return nullptr;
}
napi_value empty_cache(Arguments&) {
  trim_cache(0);
  return nullptr;
}
napi_value reset_peak_stats(Arguments&) {
  reset_peak();
  return nullptr;
}
napi_value get_threads(Arguments& a) { return a.number(num_threads()); }
napi_value set_threads(Arguments& a) {
  set_num_threads(static_cast<int>(std::min<uint32_t>(a.as_uint32(0), 1024)));
  return nullptr;
}

// Generators are numbered; 0 is the default one.
Generator& generator_of(Arguments& a) {
  return a.environment().context().generator(static_cast<int>(a.as_uint32(0)));
}
napi_value new_generator(Arguments& a) {
  return a.number(a.environment().context().new_generator());
}
napi_value free_generator(Arguments& a) {
  a.environment().context().free_generator(static_cast<int>(a.as_uint32(0)));
  return nullptr;
}
// seed(generator, low 32 bits, high 32 bits)
napi_value seed(Arguments& a) {
  const uint64_t low = a.as_uint32(1), high = a.as_uint32(2);
  generator_of(a).manual_seed(high << 32 | low);
  return nullptr;
}
// state(generator, bytes, write?)
napi_value state(Arguments& a) {
  Generator& generator = generator_of(a);
  const TypedArray bytes = a.typed_array(1);
  if (bytes.type != napi_uint8_array || bytes.length != Generator::kStateBytes)
    throw Failure("ERR_VALUE", "a generator state is a Uint8Array of 5056 bytes");
  if (a.as_number(2) != 0) {
    generator.load_state(static_cast<const uint8_t*>(bytes.data), bytes.length);
  } else {
    const auto saved = generator.save_state();
    std::memcpy(bytes.data, saved.data(), saved.size());
  }
  return nullptr;
}
napi_value initial_seed(Arguments& a) {
  const uint64_t seed = generator_of(a).initial_seed();
  a.connected().commands()[0] = static_cast<double>(seed & 0xffffffffu);
  a.connected().commands()[1] = static_cast<double>(seed >> 32);
  return nullptr;
}

// deviceOffset(generator): where its stream on devices is, as two numbers of 32 bits.
napi_value device_offset(Arguments& a) {
  const uint64_t offset = generator_of(a).device_offset();
  a.connected().commands()[0] = static_cast<double>(offset & 0xffffffffu);
  a.connected().commands()[1] = static_cast<double>(offset >> 32);
  return nullptr;
}
// setDeviceOffset(generator, low 32 bits, high 32 bits)
napi_value set_device_offset(Arguments& a) {
  const uint64_t low = a.as_uint32(1), high = a.as_uint32(2);
  generator_of(a).set_device_offset(high << 32 | low);
  return nullptr;
}

constexpr Export kExports[] = {
    {"memoryStats", guarded<memory_stats>},
    {"live", guarded<live>},
    {"collect", guarded<collect>},
    {"safePoint", guarded<safe_point>},
    {"sweep", guarded<sweep>},
    {"setLimit", guarded<set_limit>},
    {"emptyCache", guarded<empty_cache>},
    {"resetPeak", guarded<reset_peak_stats>},
    {"getNumThreads", guarded<get_threads>},
    {"setNumThreads", guarded<set_threads>},
    {"newGenerator", guarded<new_generator>},
    {"freeGenerator", guarded<free_generator>},
    {"seed", guarded<seed>},
    {"state", guarded<state>},
    {"initialSeed", guarded<initial_seed>},
    {"deviceOffset", guarded<device_offset>},
    {"setDeviceOffset", guarded<set_device_offset>},
};

}  // namespace

std::span<const Export> resource_exports() { return kExports; }

}  // namespace flambeau
