// Memory of devices: a heap of its own for each, so that pointers of the host and of devices are
// told apart, with bytes between allocations that nobody may write. Under the address sanitizer
// each allocation comes from malloc instead, which knows its bounds to the byte.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "state.h"
#include "watch/watch.h"

namespace flambeau::cuda::emulation {
namespace {

constexpr size_t kAlign = 512;
constexpr size_t kRedzone = 512;  // in front of an allocation and at least as much behind
// Only so much of new memory is overwritten with what is not a number.
constexpr size_t kScribble = 32 << 20;
constexpr int kMaxDevices = 64;

struct Heap {
  char* base = nullptr;
  size_t bytes = 0;  // reserved
  size_t used = 0;   // by allocations, without what lies between
  std::map<char*, size_t> free;
  std::map<char*, size_t> allocations;  // as the caller knows them
};
Heap heaps[kMaxDevices];
std::map<char*, size_t> pinned;      // from cudaHostAlloc
std::map<char*, size_t> registered;  // by cudaHostRegister
int accesses = 0;
bool closed = false;  // are heaps kept from the host?

#if !defined(__SANITIZE_ADDRESS__)
size_t round_up(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

struct sigaction previous_handler;

// The host touched memory of a device: says so, then fails as it would have.
void on_fault(int, siginfo_t* information, void*) {
  const auto* address = static_cast<const char*>(information->si_addr);
  for (int device = 0; device < kMaxDevices; ++device) {
    const Heap& heap = heaps[device];
    if (heap.base && address >= heap.base && address < heap.base + heap.bytes) {
      constexpr char kText[] = "emulated device: the host touched memory of a device\n";
      if (write(STDERR_FILENO, kText, sizeof kText - 1) < 0) break;
    }
  }
  sigaction(SIGSEGV, &previous_handler, nullptr);  // it happens again, and ends there
}

void watch_faults() {
  static const bool watching = [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, &previous_handler) == 0;
  }();
  static_cast<void>(watching);
}

void protect(const Heap& heap, bool accessible) {
  mprotect(heap.base, heap.bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE);
}

bool reserve(Heap& heap) {
  if (heap.base) return true;
  // Twice as much as may be used, so that fragments and redzones are not what limits it.
  heap.bytes = 2 * round_up(settings().memory) + (size_t{64} << 20);
  void* memory = mmap(nullptr, heap.bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  heap.base = static_cast<char*>(memory);
  heap.free[heap.base] = heap.bytes;
  watch::add_memory(heap.base, heap.bytes);
  return true;
}

char* take(Heap& heap, size_t bytes) {
  if (!reserve(heap)) return nullptr;
  const size_t whole = kRedzone + round_up(bytes) + kRedzone;
  for (auto it = heap.free.begin(); it != heap.free.end(); ++it) {
    if (it->second < whole) continue;
    char* first = it->first;
    const size_t left = it->second - whole;
    heap.free.erase(it);
    if (left > 0) heap.free[first + whole] = left;
    char* data = first + kRedzone;
    std::memset(first, kRedzoneByte, kRedzone);
    std::memset(data, 0xff, std::min(bytes, kScribble));
    std::memset(data + bytes, kRedzoneByte, round_up(bytes) - bytes + kRedzone);
    return data;
  }
  return nullptr;
}

void give(Heap& heap, char* data, size_t bytes) {
  char* first = data - kRedzone;
  size_t whole = kRedzone + round_up(bytes) + kRedzone;
  // What is read after it was freed is not a number.
  std::memset(first, 0xff, std::min(whole, size_t{1} << 16));
  if (whole >= size_t{1} << 20) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<uintptr_t>(first) + page - 1) / page * page;
    const auto end = reinterpret_cast<uintptr_t>(first + whole) / page * page;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  auto next = heap.free.lower_bound(first);
  if (next != heap.free.end() && next->first == first + whole) {
    whole += next->second;
    next = heap.free.erase(next);
  }
  if (next != heap.free.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == first) {
      before->second += whole;
      return;
    }
  }
  heap.free[first] = whole;
}

// The first byte next to an allocation that was written, relative to it; 0 if there is none. (It is
// never byte 0, which belongs to the allocation.)
std::ptrdiff_t trespass(const char* data, size_t bytes) {
  for (size_t i = 0; i < round_up(bytes) - bytes + kRedzone; ++i)
    if (static_cast<unsigned char>(data[bytes + i]) != kRedzoneByte)
      return static_cast<std::ptrdiff_t>(bytes + i);
  for (size_t i = 1; i <= kRedzone; ++i)
    if (static_cast<unsigned char>(data[-static_cast<std::ptrdiff_t>(i)]) != kRedzoneByte)
      return -static_cast<std::ptrdiff_t>(i);
  return 0;
}
#else
void watch_faults() {}
void protect(const Heap&, bool) {}
char* take(Heap&, size_t bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, kAlign, (bytes + 3) / 4 * 4) != 0) return nullptr;
  std::memset(data, 0xff, std::min(bytes, kScribble));
  return static_cast<char*>(data);
}
void give(Heap&, char* data, size_t) { std::free(data); }
std::ptrdiff_t trespass(const char*, size_t) { return 0; }
#endif

// The allocation that `data` lies in, or null.
const std::pair<char* const, size_t>* find(const std::map<char*, size_t>& ranges,
                                           const void* data) {
  auto it = ranges.upper_bound(static_cast<char*>(const_cast<void*>(data)));
  if (it == ranges.begin()) return nullptr;
  --it;
  return static_cast<const char*>(data) < it->first + it->second ? &*it : nullptr;
}

bool contains(const std::map<char*, size_t>& ranges, const void* data, size_t bytes) {
  const auto* range = find(ranges, data);
  return range && static_cast<const char*>(data) + bytes <= range->first + range->second;
}

}  // namespace

Access::Access() {
  if (accesses++ > 0 || (!settings().protect && !closed)) return;
  watch_faults();
  for (const Heap& heap : heaps)
    if (heap.base) protect(heap, true);
  closed = false;
}

Access::~Access() {
  if (--accesses > 0 || !settings().protect) return;
  for (const Heap& heap : heaps)
    if (heap.base) protect(heap, false);
  closed = true;
}

int device_of(const void* data, size_t bytes) {
  for (int device = 0; device < kMaxDevices; ++device)
    if (contains(heaps[device].allocations, data, bytes)) return device;
  return -1;
}

bool touches_device(const void* data, size_t bytes) {
  const char* first = static_cast<const char*>(data);
  for (const Heap& heap : heaps) {
    if (heap.base && first < heap.base + heap.bytes && first + bytes > heap.base) return true;
    auto it = heap.allocations.lower_bound(const_cast<char*>(first + bytes));
    if (it == heap.allocations.begin()) continue;
    --it;
    if (it->first + it->second > first) return true;
  }
  return false;
}

bool is_pinned(const void* data, size_t bytes) {
  return contains(pinned, data, bytes) || contains(registered, data, bytes);
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

cudaError_t cudaMalloc(void** data, size_t bytes) {
  const Guard guard(lock());
  *data = nullptr;
  if (const cudaError_t error = usable()) return error;
  if (const cudaError_t error = outside_capture()) return error;
  if (bytes == 0) return cudaSuccess;
  Heap& heap = heaps[current_device()];
  if (bytes > settings().memory || heap.used + bytes > settings().memory)
    return failed(cudaErrorMemoryAllocation);
  const Access access;
  char* memory = take(heap, bytes);
  if (!memory) return failed(cudaErrorMemoryAllocation);
  heap.allocations[memory] = bytes;
  heap.used += bytes;
  *data = memory;
  return cudaSuccess;
}

cudaError_t cudaFree(void* data) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (!data) return cudaSuccess;
  if (const cudaError_t error = outside_capture()) return error;
  for (int device = 0; device < kMaxDevices; ++device) {
    Heap& heap = heaps[device];
    const auto it = heap.allocations.find(static_cast<char*>(data));
    if (it == heap.allocations.end()) continue;
    // As on a GPU, nothing that uses it is under way any more.
    const cudaError_t error = drain(device);
    const Access access;
    const std::ptrdiff_t written = trespass(it->first, it->second);
    const size_t bytes = it->second;
    heap.used -= bytes;
    give(heap, it->first, bytes);
    heap.allocations.erase(it);
    if (written != 0)
      return failed(cudaErrorIllegalAddress, "byte " + std::to_string(written) +
                                                 " of an allocation of " + std::to_string(bytes) +
                                                 " bytes was written; found when it was freed");
    return error;
  }
  return failed(cudaErrorInvalidValue, "cudaFree of what cudaMalloc did not give");
}

cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned flags) {
  const Guard guard(lock());
  *data = nullptr;
  if (const cudaError_t error = usable()) return error;
  if (const cudaError_t error = outside_capture()) return error;
  if (flags & ~(cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined))
    return failed(cudaErrorInvalidValue);
  if (bytes == 0) return cudaSuccess;
  if (posix_memalign(data, 4096, bytes) != 0) return failed(cudaErrorMemoryAllocation);
  pinned[static_cast<char*>(*data)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** data, size_t bytes, unsigned flags) {
  return cudaHostAlloc(data, bytes, flags);
}

cudaError_t cudaFreeHost(void* data) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (!data) return cudaSuccess;
  if (const cudaError_t error = outside_capture()) return error;
  if (pinned.count(static_cast<char*>(data)) == 0)
    return failed(cudaErrorInvalidValue, "cudaFreeHost of what cudaHostAlloc did not give");
  const cudaError_t error = drain(-1);
  pinned.erase(static_cast<char*>(data));
  std::free(data);
  return error;
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned flags) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (flags != 0 || !is_pinned(host, 1)) return failed(cudaErrorInvalidValue);
  *device = host;
  return cudaSuccess;
}

cudaError_t cudaHostRegister(void* data, size_t bytes, unsigned) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (const cudaError_t error = outside_capture()) return error;
  if (!data || bytes == 0 || touches_device(data, bytes)) return failed(cudaErrorInvalidValue);
  if (find(pinned, data) || find(registered, data))
    return failed(cudaErrorHostMemoryAlreadyRegistered);
  registered[static_cast<char*>(data)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaHostUnregister(void* data) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (registered.count(static_cast<char*>(data)) == 0)
    return failed(cudaErrorHostMemoryNotRegistered);
  const cudaError_t error = drain(-1);
  registered.erase(static_cast<char*>(data));
  return error;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  const size_t used = heaps[current_device()].used;
  *free = settings().memory - std::min(used, settings().memory);
  *total = settings().memory;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  *attributes = {};
  const int device = device_of(data, 1);
  void* pointer = const_cast<void*>(data);
  if (device >= 0) {
    *attributes = {cudaMemoryTypeDevice, device, pointer, nullptr};
  } else if (is_pinned(data, 1)) {
    *attributes = {cudaMemoryTypeHost, current_device(), pointer, pointer};
  } else {
    *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, pointer};
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceReset() {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (const cudaError_t error = outside_capture()) return error;
  const cudaError_t error = drain(current_device());
  Heap& heap = heaps[current_device()];
  const Access access;
  for (const auto& [data, bytes] : heap.allocations) give(heap, data, bytes);
  heap.allocations.clear();
  heap.used = 0;
  return error;
}
