#include "traffic.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <unordered_map>
#include <vector>

#include "places.h"

namespace flambeau::cuda::emulation::watch {
namespace {

constexpr int kLanes = 32;
constexpr int kMaxWarps = 32;
constexpr uint64_t kSector = 32;
constexpr uint64_t kBanks = 32;
constexpr uint64_t kWord = 4;

// What lanes of a warp ask for together, each `bytes`.
struct Request {
  uint64_t addresses[kLanes];
  uint32_t lanes = 0;
  uint8_t bytes = 0;
  bool writes = false;
  bool is_shared = false;
};

// Those at one place of the code, and how many each lane has made.
struct AtPlace {
  std::vector<Request> requests;
  size_t used = 0;
  uint32_t made[kLanes] = {};
};
using OfWarp = std::unordered_map<uint32_t, AtPlace>;
OfWarp warps[kMaxWarps];

struct Kernel {
  traffic::Counts counts;
  // By place, twice and one more where it is shared memory.
  std::unordered_map<uint64_t, Traffic> places;
};
std::unordered_map<const void*, Kernel> kernels;
Kernel* running = nullptr;

uint64_t sectors_of(uint64_t bytes) { return (bytes + kSector - 1) / kSector; }

// The sectors that a request touches, and how many bytes it asks for.
void add_global(const Request& request, Traffic& to) {
  uint64_t places[kLanes];
  int count = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    if (request.lanes >> lane & 1) places[count++] = request.addresses[lane];
  std::sort(places, places + count);
  uint64_t asked = 0, sectors = 0, end = 0, next_sector = 0;
  for (int i = 0; i < count; ++i) {
    const uint64_t first = std::max(places[i], end);
    const uint64_t last = places[i] + request.bytes;
    if (last > first) asked += last - first;
    end = std::max(end, last);
    const uint64_t first_sector = std::max(places[i] / kSector, next_sector);
    const uint64_t last_sector = (last - 1) / kSector + 1;
    if (last_sector > first_sector) sectors += last_sector - first_sector;
    next_sector = std::max(next_sector, last_sector);
  }
  ++to.requests;
  to.asked += asked;
  to.moved += kSector * sectors;
  to.needed += kSector * sectors_of(asked);
}

void add_shared(const Request& request, Traffic& to) {
  const int at_once = request.bytes <= 4 ? 32 : request.bytes == 8 ? 16 : 8;
  ++to.requests;
  for (int first = 0; first < kLanes; first += at_once) {
    std::vector<uint64_t> words;
    for (int lane = first; lane < first + at_once; ++lane) {
      if (!(request.lanes >> lane & 1)) continue;
      to.asked += request.bytes;
      const uint64_t last = (request.addresses[lane] + request.bytes - 1) / kWord;
      for (uint64_t word = request.addresses[lane] / kWord; word <= last; ++word)
        words.push_back(word);
    }
    if (words.empty()) continue;
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    int ways[kBanks] = {};
    for (const uint64_t word : words) ++ways[word % kBanks];
    to.moved += static_cast<uint64_t>(*std::max_element(ways, ways + kBanks));
    ++to.needed;
  }
}

void add(const Traffic& from, Traffic& to) {
  to.requests += from.requests;
  to.asked += from.asked;
  to.moved += from.moved;
  to.needed += from.needed;
}

bool print_at_end() {
  std::atexit([] { std::fputs(traffic::report().c_str(), stderr); });
  return true;
}

std::string line_of(const char* format, auto... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string side_of(const Traffic& traffic) {
  if (traffic.requests == 0) return line_of("%22s", "-");
  return line_of("%8.2f %8.2f %4.0f%%", traffic.asked / 1e6, traffic.moved / 1e6,
                 traffic.efficiency());
}

}  // namespace

double Traffic::efficiency() const { return moved == 0 ? 100 : 100.0 * needed / moved; }

namespace traffic {

void begin_launch(const void* kernel) {
  static const bool prints = print_at_end();
  static_cast<void>(prints);
  running = &kernels[kernel];
  ++running->counts.launches;
}

void end_launch() {
  // What a launch that failed has left.
  for (OfWarp& warp : warps) warp.clear();
  running = nullptr;
}

void end_warp(int warp) {
  for (auto& [place, here] : warps[warp]) {
    for (size_t i = 0; i < here.used; ++i) {
      Request& request = here.requests[i];
      Traffic one;
      if (request.is_shared) {
        add_shared(request, one);
        add(one, running->counts.shared);
      } else {
        add_global(request, one);
        add(one, request.writes ? running->counts.stores : running->counts.loads);
      }
      add(one, running->places[2 * uint64_t{place} + request.is_shared]);
      request.lanes = 0;
    }
    here.used = 0;
    std::fill(here.made, here.made + kLanes, 0);
  }
}

void end_block() {
  for (int warp = 0; warp < kMaxWarps; ++warp) end_warp(warp);
}

void access(int thread, const Region& region, const void* place, size_t bytes, bool writes,
            uint32_t caller) {
  // Structures are read and written by what fits best.
  const size_t part = (bytes & (bytes - 1)) == 0 && bytes <= 16 ? bytes
                      : bytes % 16 == 0                         ? 16
                      : bytes % 8 == 0                          ? 8
                      : bytes % 4 == 0                          ? 4
                                                                : 1;
  AtPlace& here = warps[thread / kLanes][caller];
  const int lane = thread % kLanes;
  for (size_t at = 0; at < bytes; at += part) {
    const uint32_t number = here.made[lane]++;
    if (number >= here.requests.size()) here.requests.resize(2 * number + 1);
    here.used = std::max<size_t>(here.used, number + 1);
    Request& request = here.requests[number];
    if (request.lanes == 0) {
      request.bytes = static_cast<uint8_t>(part);
      request.writes = writes;
      request.is_shared = region.is_shared;
    }
    request.lanes |= 1u << lane;
    request.addresses[lane] = reinterpret_cast<uint64_t>(place) + at;
  }
}

Counts counts_of(const void* kernel) {
  const auto it = kernels.find(kernel);
  return it == kernels.end() ? Counts() : it->second.counts;
}

std::string report() {
  std::vector<std::pair<const void*, const Kernel*>> all;
  for (const auto& [kernel, about] : kernels) all.push_back({kernel, &about});
  const auto wasted = [](const Traffic& t) { return static_cast<double>(t.moved - t.needed); };
  const auto cost = [&](const Kernel& k) {
    // A pass of shared memory takes as long as 128 bytes of it.
    return wasted(k.counts.loads) + wasted(k.counts.stores) + 128 * wasted(k.counts.shared) / 8;
  };
  std::sort(all.begin(), all.end(),
            [&](const auto& a, const auto& b) { return cost(*a.second) > cost(*b.second); });
  std::string text(
      "traffic of kernels: launches; MB asked, MB of sectors and efficiency of loads and of "
      "stores;\n"
      "passes of shared memory for each that is needed; places that move in vain\n");
  for (const auto& [kernel, about] : all) {
    const Counts& counts = about->counts;
    text += line_of("%6llu ", static_cast<unsigned long long>(counts.launches)) +
            side_of(counts.loads) + " " + side_of(counts.stores) + " " +
            (counts.shared.needed > 0
                 ? line_of("%6.2f", double(counts.shared.moved) / double(counts.shared.needed))
                 : line_of("%6s", "-")) +
            "  " + name_of_function(kernel) + "\n";
    std::vector<std::pair<uint64_t, Traffic>> places(about->places.begin(), about->places.end());
    std::sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
      return wasted(a.second) * (a.first % 2 ? 16 : 1) > wasted(b.second) * (b.first % 2 ? 16 : 1);
    });
    std::vector<uint32_t> numbers;
    for (size_t i = 0; i < places.size() && numbers.size() < 3; ++i)
      if (places[i].second.efficiency() < 90)
        numbers.push_back(static_cast<uint32_t>(places[i].first / 2));
      else
        break;
    const std::vector<std::string> names = names_of_places(numbers);
    for (size_t i = 0; i < names.size(); ++i) {
      const Traffic& at = places[i].second;
      text += places[i].first % 2
                  ? line_of("%14s%.2f passes of shared memory for each of %llu at %s\n", "",
                            double(at.moved) / double(at.needed),
                            static_cast<unsigned long long>(at.needed), names[i].c_str())
                  : line_of("%14s%.0f%% of %.2f MB at %s\n", "", at.efficiency(), at.moved / 1e6,
                            names[i].c_str());
    }
  }
  return text;
}

}  // namespace traffic
}  // namespace flambeau::cuda::emulation::watch
