#include "library.h"

#include <dlfcn.h>

#include "failure.h"
#include "launch.h"
#include "search.h"

namespace flambeau::cuda {

namespace {

// The version of CUDA that the driver serves: 13, …; 0 where there is no driver.
int driver_major() {
  int driver = 0;
  return cudaDriverGetVersion(&driver) == cudaSuccess ? driver / 1000 : 0;
}

}  // namespace

Library::Library(const char* name, std::string remedy, const std::vector<std::string>& files,
                 const std::vector<std::string>& folders)
    : name_(name), remedy_(std::move(remedy)) {
  std::string reason;
  const auto open = [&](const std::string& file) {
    handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_) {
      path_ = file;
      return true;
    }
    // A file that is there and does not open says more than one that is missing.
    const char* error = dlerror();
    const std::string text = error ? error : "";
    if (text.find("No such file") == std::string::npos || reason.empty()) reason = text;
    return false;
  };
  // What the environment names goes before what the loader knows, and before newer versions
  // elsewhere: libraries that lie together belong together.
  for (const std::string& folder : named_folders())
    for (const std::string& file : files)
      if (open(folder + "/" + file)) return;
  for (const std::string& file : files) {
    if (open(file)) return;
    for (const std::string& folder : folders)
      if (open(folder + "/" + file)) return;
  }
  std::string names;
  for (const std::string& file : files) names += (names.empty() ? "" : " or ") + file;
  throw Failure("ERR_DEVICE",
                std::string(name) + " is not on this machine: no " + names +
                    " is known to the loader or lies in the " + std::to_string(folders.size()) +
                    " folders where NVIDIA's libraries usually are (" + reason + "); " + remedy_);
}

void Library::open_beside(const std::string& file) const {
  if (const size_t folder = path_.rfind('/'); folder != std::string::npos)
    dlopen((path_.substr(0, folder + 1) + file).c_str(), RTLD_NOW | RTLD_LOCAL);
}

void* Library::address_if(const char* symbol) const { return dlsym(handle_, symbol); }

void* Library::address(const char* symbol) const {
  void* found = address_if(symbol);
  if (!found)
    throw Failure("ERR_DEVICE", std::string(name_) + " at " + path_ + " lacks the function " +
                                    symbol + "; " + remedy_);
  return found;
}

std::vector<std::string> toolkit_files(const std::string& name) {
  const int driver = driver_major();
  std::vector<std::string> files;
  for (int major : {13, 12})
    if (driver == 0 || driver >= major)
      files.push_back("lib" + name + ".so." + std::to_string(major));
  if (files.empty()) files.push_back("lib" + name + ".so.12");
  return files;
}

std::string wheel_of(const std::string& name, bool always) {
  const int driver = driver_major();
  if (driver != 0 && driver < 13) return name + "-cu12";
  return always ? name + "-cu13" : name;
}

}  // namespace flambeau::cuda
