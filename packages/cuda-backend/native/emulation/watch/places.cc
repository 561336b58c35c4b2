#include "places.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <unordered_map>

namespace flambeau::cuda::emulation::watch {
namespace {

std::vector<const void*>& callers() {
  static std::vector<const void*> all(1);
  return all;
}

struct Frame {
  std::string function, file;  // "file.cu:12"
};

// Where an address is: functions that are inlined there come before those that they are inlined in.
using Frames = std::vector<Frame>;

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// "…/kernels/select.cu:55 (discriminator 2)" without folders and what follows the line.
Frame frame_of(const std::string& function, const std::string& place) {
  return {function, last_part(place.substr(0, place.find(' ')))};
}

// What addr2line says of addresses in a file.
void look_up(const std::string& file, const std::vector<uintptr_t>& offsets,
             std::vector<Frames*> into) {
  constexpr size_t kAtOnce = 400;
  for (size_t first = 0; first < offsets.size(); first += kAtOnce) {
    std::string command = "addr2line -a -i -f -C -e '" + file + "'";
    const size_t last = std::min(offsets.size(), first + kAtOnce);
    for (size_t i = first; i < last; ++i) {
      char text[32];
      std::snprintf(text, sizeof text, " 0x%zx", static_cast<size_t>(offsets[i]));
      command += text;
    }
    command += " 2>/dev/null";
    FILE* const pipe = popen(command.c_str(), "r");
    if (!pipe) return;
    char line[4096];
    size_t at = first;
    std::string function;
    while (std::fgets(line, sizeof line, pipe)) {
      line[std::strcspn(line, "\n")] = 0;
      if (std::strncmp(line, "0x", 2) == 0) {
        ++at;
        function.clear();
      } else if (function.empty()) {
        function = line;
      } else {
        if (at > first && at <= last) into[at - 1]->push_back(frame_of(function, line));
        function.clear();
      }
    }
    pclose(pipe);
  }
}

std::vector<Frames> frames_of(const std::vector<const void*>& addresses) {
  std::vector<Frames> all(addresses.size());
  std::map<std::string, std::pair<std::vector<uintptr_t>, std::vector<Frames*>>> files;
  for (size_t i = 0; i < addresses.size(); ++i) {
    Dl_info about;
    if (!dladdr(addresses[i], &about) || !about.dli_fname) continue;
    // A program may have been started by a name that means nothing here.
    const bool is_there = std::strchr(about.dli_fname, '/') && access(about.dli_fname, R_OK) == 0;
    auto& [offsets, into] = files[is_there ? about.dli_fname : "/proc/self/exe"];
    offsets.push_back(reinterpret_cast<uintptr_t>(addresses[i]) -
                      reinterpret_cast<uintptr_t>(about.dli_fbase));
    into.push_back(&all[i]);
  }
  for (const auto& [file, wanted] : files) look_up(file, wanted.first, wanted.second);
  return all;
}

bool is_of_emulation(const Frame& frame) {
  return frame.function.find("emulation::") != std::string::npos ||
         frame.file.rfind("device.h:", 0) == 0;
}
bool is_header(const Frame& frame) { return frame.file.find(".h:") != std::string::npos; }

std::string name_of(const Frames& frames, const void* address) {
  size_t i = 0;
  while (i + 1 < frames.size() && is_of_emulation(frames[i])) ++i;
  if (i >= frames.size() || frames[i].file.rfind("??", 0) == 0) {
    std::ostringstream text;
    text << address;
    return text.str();
  }
  std::string name = frames[i].file;
  if (!is_header(frames[i])) return name;
  for (size_t outer = i + 1; outer < frames.size(); ++outer)
    if (!is_header(frames[outer])) return name + " in " + frames[outer].file;
  return name;
}

}  // namespace

uint32_t number_of(const void* caller) {
  struct Known {
    const void* caller;
    uint32_t number;
  };
  constexpr size_t kSlots = 1 << 14;
  static Known slots[kSlots];
  Known& slot = slots[(reinterpret_cast<uintptr_t>(caller) * 0x9e3779b97f4a7c15u) >> 50];
  if (slot.caller == caller) return slot.number;
  static std::unordered_map<const void*, uint32_t> numbers;
  const auto [it, is_new] = numbers.try_emplace(caller, static_cast<uint32_t>(callers().size()));
  if (is_new) callers().push_back(caller);
  slot = {caller, it->second};
  return it->second;
}

std::vector<std::string> names_of_places(const std::vector<uint32_t>& numbers) {
  std::vector<const void*> addresses;
  // A call returns to what follows it.
  for (const uint32_t number : numbers)
    addresses.push_back(static_cast<const char*>(callers()[number]) - 1);
  const std::vector<Frames> frames = frames_of(addresses);
  std::vector<std::string> names;
  for (size_t i = 0; i < frames.size(); ++i) names.push_back(name_of(frames[i], addresses[i]));
  return names;
}
std::string name_of_place(uint32_t number) { return names_of_places({number})[0]; }

std::string name_of_function(const void* function) {
  const Frames frames = frames_of({function})[0];
  std::string name = frames.empty() ? "" : frames.back().function;
  if (name.empty() || name == "??") return "a kernel";
  // "void flambeau::cuda::(anonymous namespace)::fill<float>(float*, int)": without its parameters.
  int depth = 0;
  size_t end = name.size();
  for (size_t i = name.size(); i-- > 0;) {
    if (name[i] == ')') ++depth;
    if (name[i] == '(' && --depth == 0) {
      end = i;
      break;
    }
  }
  name.resize(end);
  for (const char* part : {"void ", "flambeau::cuda::", "flambeau::", "(anonymous namespace)::"})
    for (size_t at; (at = name.find(part)) != std::string::npos;) name.erase(at, std::strlen(part));
  return name;
}

}  // namespace flambeau::cuda::emulation::watch
