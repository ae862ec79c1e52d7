// SPDX-License-Identifier: MIT
#include "process/spawn_plan.hpp"

#include "sys/ipc.hpp"

#include <hob/core/error.hpp>
#include <hob/core/raise.hpp>
#include <hob/process/environment.hpp>

#include <cstring>

namespace hob::detail {
namespace {

std::string checked(Text text) {
  if (text.size() != 0 && std::memchr(text.data(), '\0', text.size()) != nullptr)
    raise_value_error("embedded null byte");
  return std::string(text.data(), text.size());
}

// Where execvp would look: os.get_exec_path.
std::vector<std::string> candidates(const std::string& program, const Environment* environment) {
  if (program.find('/') != std::string::npos) return {program};
  std::string search = "/bin:/usr/bin";
  if (environment) {
    if (auto path = environment->get("PATH")) search = *path;
  } else if (const char* path = sys::environment_variable("PATH")) {
    search = path;
  }
  std::vector<std::string> paths;
  for (std::size_t at = 0; at <= search.size();) {
    std::size_t end = search.find(':', at);
    if (end == std::string::npos) end = search.size();
    std::string directory = search.substr(at, end - at);  // an empty one is the current one
    paths.push_back(directory.empty() ? program : directory + "/" + program);
    at = end + 1;
  }
  return paths;
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(text.c_str());
  out.push_back(nullptr);
  return out;
}

}  // namespace

SpawnPlan::SpawnPlan(const Text* argv, std::size_t count, const SubprocessOptions& options)
    : own_environment(options.env != nullptr),
      cwd(checked(options.cwd)),
      pass_fds(options.pass_fds.begin(), options.pass_fds.end()),
      stdio{options.stdin_, options.stdout_, options.stderr_},
      limit(options.limit),
      close_fds(options.close_fds),
      start_new_session(options.start_new_session),
      restore_signals(options.restore_signals),
      process_group(options.process_group) {
  if (count == 0) raise_value_error("create_subprocess_exec needs a program");
  if (options.stdin_ == STDOUT || options.stdout_ == STDOUT)
    raise_value_error("STDOUT can only be used for stderr_");
  for (const Stdio stream : stdio) {
    if (stream.value() < INHERIT.value()) raise_value_error("no such standard stream");
  }
  for (std::size_t i = 0; i < count; ++i) arguments.push_back(checked(argv[i]));
  const std::string program =
      options.executable.empty() ? arguments.front() : checked(options.executable);
  paths = candidates(program, options.env);
  if (options.env) environment = options.env->lines();
}

void spawn(const SpawnPlan& plan, const int (&stdio)[3], sys::Spawned& out) {
  const std::vector<const char*> argv = pointers(plan.arguments);
  const std::vector<const char*> paths = pointers(plan.paths);
  const std::vector<const char*> environment = pointers(plan.environment);
  sys::SpawnRequest request;
  request.paths = paths.data();
  request.argv = argv.data();
  request.envp = plan.own_environment ? environment.data() : sys::environment();
  request.cwd = plan.cwd.empty() ? nullptr : plan.cwd.c_str();
  for (int i = 0; i < 3; ++i) request.stdio[i] = stdio[i];
  request.pass_fds = plan.pass_fds.data();
  request.pass_count = plan.pass_fds.size();
  request.close_fds = plan.close_fds;
  request.new_session = plan.start_new_session;
  request.process_group = plan.process_group;
  request.default_sigpipe = plan.restore_signals;
  const int result = sys::spawn(request, out);
  if (result >= 0) return;
  std::string what = out.failed;
  if (what == "execve") what += " '" + plan.arguments.front() + "'";
  if (what == "chdir") what += " '" + plan.cwd + "'";
  throw OSError(-result, what);
}

}  // namespace hob::detail
