// Streams: when work runs.
#include <algorithm>
#include <chrono>
#include <set>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

// Streams that wait for longer than this run for a while, so that memory does
// not grow without end.
constexpr size_t kMostItems = 100000;

cudaError_t deferred = cudaSuccess;  // what work that ran later has failed with

CUstream_st* legacy_stream(int device) {
  static std::map<int, CUstream_st> legacy;
  const auto [it, added] = legacy.try_emplace(device);
  if (added) {
    it->second.device = device;
    it->second.legacy = true;
    streams().insert(&it->second);
  }
  return &it->second;
}

cudaError_t run(const Work& work) {
  const Access access;
  return work();
}

}  // namespace

double milliseconds() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::set<CUstream_st*>& streams() {
  static std::set<CUstream_st*> all;
  return all;
}

void step(CUstream_st* stream) {
  if (stream->items.empty()) return;
  if (const auto mark = stream->items.front().wait) {
    while (!mark->done) step(mark->stream);
    // Meanwhile the stream may have been run by another one that waited for it.
    if (!stream->items.empty() && stream->items.front().wait == mark) stream->items.pop_front();
    return;
  }
  const Item item = std::move(stream->items.front());
  stream->items.pop_front();
  if (const cudaError_t error = run(item.work))
    if (deferred == cudaSuccess) deferred = error;
}

void finish(CUstream_st* stream) {
  while (!stream->items.empty()) step(stream);
}

cudaError_t take_deferred() {
  const cudaError_t error = deferred;
  deferred = cudaSuccess;
  return failed(error);
}

std::shared_ptr<Mark> mark_in(CUstream_st* stream) {
  auto mark = std::make_shared<Mark>();
  mark->stream = stream;
  if (stream->items.empty()) {
    mark->done = true;
    mark->time = milliseconds();
  } else {
    stream->items.push_back({[mark] {
                               mark->done = true;
                               mark->time = milliseconds();
                               return cudaSuccess;
                             },
                             nullptr});
  }
  return mark;
}

void wait_in(CUstream_st* stream, const std::shared_ptr<Mark>& mark) {
  if (mark && !mark->done) stream->items.push_back({nullptr, mark});
}

// The default stream begins when all other streams have done what they have,
// and they begin after it.
void order_with_default(CUstream_st* stream) {
  if (!settings().asynchronous || (stream->flags & cudaStreamNonBlocking)) return;
  if (!stream->legacy) return wait_in(stream, mark_in(legacy_stream(stream->device)));
  for (CUstream_st* other : streams())
    if (other != stream && other->device == stream->device &&
        !(other->flags & cudaStreamNonBlocking))
      wait_in(stream, mark_in(other));
}

CUstream_st* stream_of(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread)
    return legacy_stream(current_device());
  return streams().count(handle) ? handle : nullptr;
}

cudaError_t enqueue(CUstream_st* stream, Work work) {
  if (stream->capture) {
    Capture& capture = *stream->capture;
    if (!capture.valid) return failed(cudaErrorStreamCaptureInvalidated);
    capture.nodes.push_back(std::move(work));
    ++capture.clocks[stream][stream];
    return cudaSuccess;
  }
  if (stream->legacy)
    if (const cudaError_t error = refuse_capture(stream)) return error;
  if (!settings().asynchronous) return failed(run(work));
  order_with_default(stream);
  stream->items.push_back({std::move(work), nullptr});
  while (stream->items.size() > kMostItems) step(stream);
  return cudaSuccess;
}

cudaError_t drain(int device) {
  // The youngest stream first: whoever needs another order must have asked for
  // it.
  for (auto it = streams().rbegin(); it != streams().rend(); ++it)
    if (device < 0 || (*it)->device == device) finish(*it);
  return take_deferred();
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

// --- streams ---

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  if (flags & ~cudaStreamNonBlocking) return failed(cudaErrorInvalidValue);
  auto* created = new CUstream_st;
  created->device = current_device();
  created->flags = flags;
  created->priority = std::clamp(priority, -5, 0);
  streams().insert(created);
  *stream = created;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *priority = self->priority;
  return cudaSuccess;
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned* flags) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *flags = self->flags;
  return cudaSuccess;
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *device = self->device;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self || self->legacy) return failed(cudaErrorInvalidResourceHandle);
  if (self->capture) return refuse_capture(self);
  finish(self);
  streams().erase(self);
  delete self;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse_capture(self)) return error;
  order_with_default(self);
  finish(self);
  return take_deferred();
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse_capture(self)) return error;
  if (self->items.empty()) return take_deferred();
  step(self);  // who asks again and again sees an end
  return cudaErrorNotReady;
}

cudaError_t cudaDeviceSynchronize() {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  for (const auto& capture : captures()) {
    if (capture->origin->device != current_device()) continue;
    spoil(*capture);
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  return drain(current_device());
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  return enqueue(self, [=] {
    function(argument);
    return cudaSuccess;
  });
}
