#include "memory.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "device_abi.h"
#include "per_device.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

class CudaDriver : public MemoryDriver {
 public:
  explicit CudaDriver(int device) : device_(device) {}

  void* allocate(size_t bytes) override {
    use_device(device_);
    void* data = nullptr;
    const cudaError_t error = cudaMalloc(&data, bytes);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return nullptr;
    }
    check(error, "cudaMalloc");
    return data;
  }
  void release(void* data) override {
    use_device(device_);
    check(cudaFree(data), "cudaFree");
  }
  size_t total_bytes() override { return memory().total; }
  size_t free_bytes() override { return memory().free; }
  Mark mark(StreamName stream) override {
    use_device(device_);
    cudaEvent_t event;
    if (events_.empty()) {
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    } else {
      event = events_.back();
      events_.pop_back();
    }
    check(cudaEventRecord(event, static_cast<cudaStream_t>(const_cast<void*>(stream))),
          "cudaEventRecord");
    return event;
  }
  bool is_past(Mark mark) override {
    const cudaError_t state = cudaEventQuery(static_cast<cudaEvent_t>(mark));
    if (state == cudaErrorNotReady) {
      cudaGetLastError();
      return false;
    }
    check(state, "cudaEventQuery");
    return true;
  }
  void wait(Mark mark) override {
    check(cudaEventSynchronize(static_cast<cudaEvent_t>(mark)), "cudaEventSynchronize");
  }
  void forget(Mark mark) override { events_.push_back(static_cast<cudaEvent_t>(mark)); }

 private:
  struct Memory {
    size_t free = 0, total = 0;
  };
  Memory memory() {
    use_device(device_);
    Memory memory;
    check(cudaMemGetInfo(&memory.free, &memory.total), "cudaMemGetInfo");
    return memory;
  }

  const int device_;
  std::vector<cudaEvent_t> events_;  // to be used again; the allocator's lock guards them
};

// Pinned host memory that copies pass through: a few chunks, filled one after another. A chunk is
// filled again once the streams that it served have passed the point where it was full.
class Staging {
 public:
  static constexpr size_t kChunk = size_t{4} << 20;
  static constexpr int kChunks = 4;

  explicit Staging(int device) : device_(device) {}

  void upload(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_device(device_);
    for (size_t done = 0; done < bytes;) {
      const size_t piece = std::min(bytes - done, kChunk);
      void* const place = take(piece, stream);
      std::memcpy(place, static_cast<const char*>(from) + done, piece);
      check(cudaMemcpyAsync(static_cast<char*>(to) + done, place, piece, cudaMemcpyHostToDevice,
                            stream),
            "cudaMemcpyAsync");
      done += piece;
    }
  }

  // Marks where uploads on `stream` are done.
  void settle(cudaStream_t stream) {
    const std::lock_guard lock(mutex_);
    use_device(device_);
    Chunk& chunk = chunks_[current_];
    const auto at = std::find(chunk.streams.begin(), chunk.streams.end(), stream);
    if (at == chunk.streams.end()) return;
    mark(chunk, stream);
    chunk.streams.erase(at);
  }

  void download(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_device(device_);
    // While one piece is copied out of its chunk, the device fills the next.
    struct Piece {
      void* place = nullptr;
      size_t at = 0, bytes = 0;
      cudaEvent_t arrived = nullptr;
    } pieces[2];
    size_t begun = 0;
    const auto begin = [&](Piece& piece, cudaEvent_t arrived) {
      piece = {nullptr, begun, std::min(bytes - begun, kChunk / 2), arrived};
      if (piece.bytes == 0) return;
      piece.place = take(piece.bytes, stream);
      check(cudaMemcpyAsync(piece.place, static_cast<const char*>(from) + begun, piece.bytes,
                            cudaMemcpyDeviceToHost, stream),
            "cudaMemcpyAsync");
      check(cudaEventRecord(arrived, stream), "cudaEventRecord");
      begun += piece.bytes;
    };
    begin(pieces[0], arrival(0));
    for (int i = 0; pieces[i].bytes > 0; i ^= 1) {
      begin(pieces[i ^ 1], arrival(i ^ 1));
      check(cudaEventSynchronize(pieces[i].arrived), "cudaEventSynchronize");
      std::memcpy(static_cast<char*>(to) + pieces[i].at, pieces[i].place, pieces[i].bytes);
    }
  }

 private:
  struct Chunk {
    char* data = nullptr;
    size_t filled = 0;
    std::vector<cudaStream_t> streams;
    std::vector<cudaEvent_t> events;  // where streams had done their copies
    size_t pending = 0;               // of these events
  };

  static cudaEvent_t new_event() {
    cudaEvent_t event;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    return event;
  }
  cudaEvent_t arrival(int i) {
    if (!arrivals_[i]) arrivals_[i] = new_event();
    return arrivals_[i];
  }

  static void mark(Chunk& chunk, cudaStream_t stream) {
    if (chunk.events.size() == chunk.pending) chunk.events.push_back(new_event());
    check(cudaEventRecord(chunk.events[chunk.pending], stream), "cudaEventRecord");
    ++chunk.pending;
  }

  // Room for a copy on `stream`, which must be begun before the next call.
  void* take(size_t bytes, cudaStream_t stream) {
    if (chunks_[current_].filled + bytes > kChunk) {
      Chunk& full = chunks_[current_];
      for (cudaStream_t served : full.streams) mark(full, served);
      full.streams.clear();
      current_ = (current_ + 1) % kChunks;
      Chunk& next = chunks_[current_];
      for (size_t i = 0; i < next.pending; ++i)
        check(cudaEventSynchronize(next.events[i]), "cudaEventSynchronize");
      next.pending = 0;
      next.filled = 0;
    }
    Chunk& chunk = chunks_[current_];
    if (!chunk.data) {
      void* data = nullptr;
      check(cudaHostAlloc(&data, kChunk, cudaHostAllocPortable), "cudaHostAlloc");
      chunk.data = static_cast<char*>(data);
    }
    if (std::find(chunk.streams.begin(), chunk.streams.end(), stream) == chunk.streams.end())
      chunk.streams.push_back(stream);
    char* const place = chunk.data + chunk.filled;
    chunk.filled += (bytes + 255) / 256 * 256;
    return place;
  }

  const int device_;
  std::mutex mutex_;
  Chunk chunks_[kChunks];
  int current_ = 0;
  cudaEvent_t arrivals_[2] = {};
};

Staging& staging_of(int device) {
  static auto* all = new PerDevice<Staging>;
  return all->get(device, [](int index) { return new Staging(index); });
}

// Can the device read the memory of the other one by itself?
bool reaches(int device, int other) {
  static auto* mutex = new std::mutex;
  static auto* known = new int8_t[FLAMBEAU_MAX_DEVICES][FLAMBEAU_MAX_DEVICES]();
  const std::lock_guard lock(*mutex);
  int8_t& state = known[device][other];
  if (state == 0) {
    int can = 0;
    check(cudaDeviceCanAccessPeer(&can, device, other), "cudaDeviceCanAccessPeer");
    if (can) {
      use_device(device);
      const cudaError_t error = cudaDeviceEnablePeerAccess(other, 0);
      cudaGetLastError();
      can = error == cudaSuccess || error == cudaErrorPeerAccessAlreadyEnabled;
    }
    state = can ? 1 : -1;
  }
  return state > 0;
}

}  // namespace

Allocator& allocator_of(int device) {
  static auto* all = new PerDevice<Allocator>;
  return all->get(device, [](int index) {
    check_device(index);
    return new Allocator(std::make_unique<CudaDriver>(index), "GPU " + std::to_string(index));
  });
}

void upload(int device, cudaStream_t stream, void* to, const void* from, size_t bytes) {
  staging_of(device).upload(stream, to, from, bytes);
}

void settle_uploads(int device, cudaStream_t stream) { staging_of(device).settle(stream); }

void download(int device, cudaStream_t stream, void* to, const void* from, size_t bytes) {
  staging_of(device).download(stream, to, from, bytes);
}

void copy_across(int to_device, void* to, int from_device, const void* from, size_t bytes) {
  reaches(to_device, from_device);  // without it the driver goes through host memory
  const cudaStream_t target = current_stream(to_device);
  const cudaStream_t source = current_stream(from_device);
  // The target's memory may still be in use there; afterwards its stream waits for the copy.
  Event free(false), arrived(false);
  free.record(to_device, target);
  free.wait(from_device, source);
  use_device(from_device);
  check(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, source),
        "cudaMemcpyPeerAsync");
  arrived.record(from_device, source);
  arrived.wait(to_device, target);
}

}  // namespace flambeau::cuda
