#include "search.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace flambeau::cuda {

namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

class Folders {
 public:
  void add(const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) return;
    const std::string name = folder.lexically_normal().string();
    if (std::find(list_.begin(), list_.end(), name) == list_.end()) list_.push_back(name);
  }

  void add_toolkit(const fs::path& root) {
    if (root.empty()) return;
    add(root / "lib64");
    add(root / "targets/x86_64-linux/lib");
    add(root / "targets/sbsa-linux/lib");
    add(root / "lib");
  }

  // Subfolders of `parent` whose names begin with `prefix`, the last in the alphabet first: the
  // newest version.
  template <class Body>
  static void each_version(const fs::path& parent, const std::string& prefix, Body&& body) {
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator i(parent, error), end; !error && i != end; i.increment(error))
      if (i->path().filename().string().starts_with(prefix)) found.push_back(i->path());
    std::sort(found.rbegin(), found.rend());
    for (const fs::path& path : found) body(path);
  }

  // nvidia/<package>/lib of wheels in a folder of Python's packages.
  void add_packages(const fs::path& packages) {
    each_version(packages / "nvidia", "",
                 [this](const fs::path& package) { add(package / "lib"); });
  }

  // The same below the prefix of a Python.
  void add_python(const fs::path& prefix) {
    for (const char* library : {"lib", "lib64"})
      each_version(prefix / library, "python3", [this](const fs::path& python) {
        for (const char* packages : {"site-packages", "dist-packages"})
          add_packages(python / packages);
      });
  }

  // The Python that a folder of programs has, or that its links lead to.
  void add_python_of(const fs::path& programs) {
    if (programs.filename() == "bin") add_python(programs.parent_path());
    std::error_code error;
    fs::path program = programs / "python3";
    for (int links = 0; links < 8 && fs::is_symlink(program, error); ++links) {
      program = program.parent_path() / fs::read_symlink(program, error);
      if (error) return;
      add_python(program.lexically_normal().parent_path().parent_path());
    }
  }

  std::vector<std::string> take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

}  // namespace

std::vector<std::string> named_folders() {
  Folders folders;
  for (const std::string& folder : split(variable(kLibraryVariable))) folders.add(folder);
  return folders.take();
}

std::vector<std::string> library_folders() {
  Folders folders;
  for (const std::string& folder : named_folders()) folders.add(folder);
  for (const char* name : {"CUDA_HOME", "CUDA_PATH"}) folders.add_toolkit(variable(name));
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const std::string prefix = variable(name);
    if (prefix.empty()) continue;
    folders.add_python(prefix);
    folders.add(fs::path(prefix) / "lib");
  }
  for (const std::string& packages : split(variable("PYTHONPATH"))) folders.add_packages(packages);
  for (const std::string& programs : split(variable("PATH"))) folders.add_python_of(programs);
  if (const std::string home = variable("HOME"); !home.empty())
    folders.add_python(fs::path(home) / ".local");
  folders.add_python("/usr/local");
  folders.add_python("/usr");
  folders.add_toolkit("/usr/local/cuda");
  Folders::each_version("/usr/local", "cuda-",
                        [&](const fs::path& root) { folders.add_toolkit(root); });
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"})
    folders.add(folder);
  return folders.take();
}

}  // namespace flambeau::cuda
