// Copies between host and device memory, through pinned memory that the device reads and writes by
// itself.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "memory.h"
#include "per_device.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

cudaEvent_t new_event() {
  cudaEvent_t event;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  return event;
}

char* pinned(size_t bytes) {
  void* data = nullptr;
  check(cudaHostAlloc(&data, bytes, cudaHostAllocPortable), "cudaHostAlloc");
  return static_cast<char*>(data);
}

// Uploads pass through a few chunks, filled one after another. A chunk is filled again once the
// streams that it served have passed the point where it was full.
class Uploads {
 public:
  static constexpr size_t kChunk = size_t{4} << 20;
  static constexpr int kChunks = 4;

  explicit Uploads(int device) : device_(device) {}

  void run(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_device(device_);
    for (size_t done = 0; done < bytes;) {
      const size_t piece = std::min(bytes - done, kChunk);
      char* const place = take(piece, stream);
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

 private:
  struct Chunk {
    char* data = nullptr;
    size_t filled = 0;
    std::vector<cudaStream_t> streams;
    std::vector<cudaEvent_t> events;  // where streams had done their copies
    size_t pending = 0;               // of these events
  };

  static void mark(Chunk& chunk, cudaStream_t stream) {
    if (chunk.events.size() == chunk.pending) chunk.events.push_back(new_event());
    check(cudaEventRecord(chunk.events[chunk.pending], stream), "cudaEventRecord");
    ++chunk.pending;
  }

  // Room for a copy on `stream`, which must be begun before the next call.
  char* take(size_t bytes, cudaStream_t stream) {
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
    if (!chunk.data) chunk.data = pinned(kChunk);
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
};

// Downloads pass through two halves: while one is copied out, the device fills the other. Those of
// a device wait for each other, but nobody else waits for them: what a download waits for may take
// long.
class Downloads {
 public:
  static constexpr size_t kHalf = size_t{2} << 20;

  explicit Downloads(int device) : device_(device) {}

  void run(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_device(device_);
    for (Half& half : halves_)
      if (!half.data) half = {pinned(kHalf), new_event()};
    size_t begun = 0, sizes[2] = {};
    const auto begin = [&](int i) {
      sizes[i] = std::min(bytes - begun, kHalf);
      if (sizes[i] == 0) return;
      check(cudaMemcpyAsync(halves_[i].data, static_cast<const char*>(from) + begun, sizes[i],
                            cudaMemcpyDeviceToHost, stream),
            "cudaMemcpyAsync");
      check(cudaEventRecord(halves_[i].arrived, stream), "cudaEventRecord");
      begun += sizes[i];
    };
    begin(0);
    size_t done = 0;
    for (int i = 0; sizes[i] > 0; i ^= 1) {
      begin(i ^ 1);
      check(cudaEventSynchronize(halves_[i].arrived), "cudaEventSynchronize");
      std::memcpy(static_cast<char*>(to) + done, halves_[i].data, sizes[i]);
      done += sizes[i];
    }
  }

 private:
  struct Half {
    char* data = nullptr;
    cudaEvent_t arrived = nullptr;
  };

  const int device_;
  std::mutex mutex_;
  Half halves_[2];
};

Uploads& uploads_of(int device) {
  static auto* all = new PerDevice<Uploads>;
  return all->get(device, [](int index) { return new Uploads(index); });
}
Downloads& downloads_of(int device) {
  static auto* all = new PerDevice<Downloads>;
  return all->get(device, [](int index) { return new Downloads(index); });
}

}  // namespace

void upload(int device, cudaStream_t stream, void* to, const void* from, size_t bytes) {
  uploads_of(device).run(stream, to, from, bytes);
}

void settle_uploads(int device, cudaStream_t stream) { uploads_of(device).settle(stream); }

void download(int device, cudaStream_t stream, void* to, const void* from, size_t bytes) {
  downloads_of(device).run(stream, to, from, bytes);
}

}  // namespace flambeau::cuda
