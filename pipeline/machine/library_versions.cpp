#include "pipeline/machine/library_versions.h"

#include <tbb/version.h>

#include <opencv2/core/utility.hpp>
#include <opencv2/core/version.hpp>
#include <utility>

#include "extract/libraries.h"
#include "model/libraries.h"
#include "text/libraries.h"

namespace tvr {

std::vector<LibraryVersion> library_versions() {
  std::vector<LibraryVersion> all = extract_libraries();
  all.push_back({"OpenCV", CV_VERSION, cv::getVersionString(), {}});
  for (LibraryVersion& library : text_libraries()) all.push_back(std::move(library));
  for (LibraryVersion& library : model_libraries()) all.push_back(std::move(library));
  for (LibraryVersion& library : data_libraries()) all.push_back(std::move(library));
  all.push_back({"TBB", TBB_VERSION_STRING, TBB_runtime_version(), {}});
  return all;
}

std::string text_of(const LibraryVersion& library) {
  std::string text = library.running.empty() ? library.built : library.running;
  if (!library.remark.empty()) text += (text.empty() ? "" : ", ") + library.remark;
  if (!library.running.empty() && library.running != library.built)
    text += ", compiled against " + library.built;
  return text;
}

}  // namespace tvr
