#include "tests/support/browser.h"

#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace tvr::testing {
namespace {

using nlohmann::json;

const char* const kBrowserFlags[] = {"--headless",
                                     "--no-sandbox",
                                     "--disable-gpu",
                                     "--disable-quic",
                                     "--no-first-run",
                                     "--disable-background-networking",
                                     "--disable-component-update",
                                     "--disable-sync",
                                     "--disable-dev-shm-usage",
                                     "--window-size=1280,900"};

std::string decoded_base64(const std::string& text) {
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string::npos) continue;
    bits = bits << 6U | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255U);
  }
  return bytes;
}

}  // namespace

/// The chromedriver process on a port of its choice.
class Browser::Driver {
 public:
  Driver() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    child_ = fork();
    if (child_ == 0) {
      setpgid(0, 0);  // the browser's processes are its own group, and end with it
      dup2(ends[1], STDOUT_FILENO);
      execlp("chromedriver", "chromedriver", "--port=0", nullptr);
      _exit(127);
    }
    close(ends[1]);
    port_ = port_in(ends[0]);
    close(ends[0]);
    if (port_ == 0) throw std::runtime_error("chromedriver does not start");
  }
  ~Driver() {
    kill(-child_, SIGTERM);
    waitpid(child_, nullptr, 0);
    kill(-child_, SIGKILL);  // what is left of the group
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  /// "ChromeDriver was started successfully on port 41233."
  static int port_in(int output) {
    std::string said;
    char buffer[512];
    for (ssize_t got = 0; (got = read(output, buffer, sizeof buffer)) > 0;) {
      said.append(buffer, static_cast<std::size_t>(got));
      const std::size_t at = said.find("successfully on port ");
      if (at != std::string::npos && said.find('.', at) != std::string::npos)
        return std::stoi(said.substr(at + 21));
    }
    return 0;
  }

  pid_t child_;
  int port_ = 0;
};

Browser::Browser(const std::filesystem::path& profile, const std::vector<std::string>& more_flags)
    : driver_(std::make_unique<Driver>()) {
  json flags = json::array();
  for (const char* flag : kBrowserFlags) flags.push_back(flag);
  flags.push_back("--user-data-dir=" + profile.string());
  for (const std::string& flag : more_flags) flags.push_back(flag);
  const json wanted = {{"browserName", "chrome"},
                       {"goog:loggingPrefs", {{"browser", "ALL"}}},
                       {"goog:chromeOptions", {{"binary", "/usr/bin/chromium"}, {"args", flags}}}};
  session_ = "/session/" + ask("POST", "/session", {{"capabilities", {{"alwaysMatch", wanted}}}})
                               .at("sessionId")
                               .get<std::string>();
}

Browser::~Browser() {
  try {
    ask("DELETE", session_, {});
  } catch (const std::exception&) {  // the driver's end is the browser's, too
  }
}

json Browser::ask(const std::string& method, const std::string& path, const json& body) {
  httplib::Client client("127.0.0.1", driver_->port());
  client.set_read_timeout(60);
  const std::string text = body.is_null() ? "{}" : body.dump();
  const httplib::Result result = method == "POST"  ? client.Post(path.c_str(), text, "application/json")
                                 : method == "GET" ? client.Get(path.c_str())
                                                   : client.Delete(path.c_str());
  if (!result) throw std::runtime_error("chromedriver does not answer " + path);
  const json answer = json::parse(result->body);
  if (result->status != 200)
    throw std::runtime_error(path + ": " + answer.at("value").at("message").get<std::string>());
  return answer.at("value");
}

json Browser::devtools(const std::string& command, const json& parameters) {
  return ask("POST", session_ + "/goog/cdp/execute", {{"cmd", command}, {"params", parameters}});
}

void Browser::open(const std::string& url) { ask("POST", session_ + "/url", {{"url", url}}); }

json Browser::value(const std::string& expression) {
  return ask("POST", session_ + "/execute/sync",
             {{"script", "return " + expression}, {"args", json::array()}});
}

bool Browser::becomes_true(const std::string& expression) {
  for (int tries = 0; tries < 200; ++tries) {
    if (value("Boolean(" + expression + ")") == true) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

void Browser::click(const std::string& css) {
  const json element = ask("POST", session_ + "/element", {{"using", "css selector"}, {"value", css}});
  ask("POST", session_ + "/element/" + element.begin()->get<std::string>() + "/click", json::object());
}

void Browser::type(const std::string& text) {
  const json element = ask("GET", session_ + "/element/active", {});
  ask("POST", session_ + "/element/" + element.begin()->get<std::string>() + "/value", {{"text", text}});
}

void Browser::resize(int width, int height, bool phone) {
  devtools("Emulation.setDeviceMetricsOverride",
           {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", phone}});
}

void Browser::prefer_dark(bool dark) {
  devtools("Emulation.setEmulatedMedia",
           {{"features", {{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}}}}});
}

void Browser::ignore_policies() { devtools("Page.setBypassCSP", {{"enabled", true}}); }

std::string Browser::screenshot() {
  return decoded_base64(ask("GET", session_ + "/screenshot", {}).get<std::string>());
}

std::string Browser::pdf() {
  return decoded_base64(devtools("Page.printToPDF", nlohmann::json::object()).at("data").get<std::string>());
}

std::string Browser::complaints() {
  std::string lines;
  for (const json& entry : ask("POST", session_ + "/se/log", {{"type", "browser"}})) {
    if (entry.at("level") == "SEVERE") lines += entry.at("message").get<std::string>() + '\n';
  }
  return lines;
}

}  // namespace tvr::testing
