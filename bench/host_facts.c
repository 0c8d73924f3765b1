#include "host_facts.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "commit.h"
#include "swapc/host.h"

/* Copies the value of the first line of file that starts with key, after its separator. */
static void find_line(const char *file, const char *key, char separator, char *out, size_t size) {
    char line[512];
    FILE *from = fopen(file, "re");
    snprintf(out, size, "unknown");
    while (from && fgets(line, sizeof line, from)) {
        char *value = strchr(line, separator);
        if (strncmp(line, key, strlen(key)) != 0 || !value) continue;
        value += 1 + strspn(value + 1, " \"");
        value[strcspn(value, "\"\n")] = '\0';
        snprintf(out, size, "%s", value);
        break;
    }
    if (from) fclose(from);
}

/* The first word of a file, or what stands for it. */
static void first_word(const char *file, const char *otherwise, char *out, size_t size) {
    FILE *from = fopen(file, "re");
    if (!from || !fgets(out, (int)size, from)) snprintf(out, size, "%s", otherwise);
    if (from) fclose(from);
    out[strcspn(out, " \n")] = '\0';
}

void swapci_host_facts_read(struct swapci_host_facts *out) {
    struct utsname name;
    cpu_set_t cpus;
    find_line("/proc/cpuinfo", "model name", ':', out->cpu, sizeof out->cpu);
    find_line("/etc/os-release", "PRETTY_NAME", '=', out->os, sizeof out->os);
    out->cores = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    first_word("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "none", out->governor,
               sizeof out->governor);
    first_word("/proc/loadavg", "unknown", out->load, sizeof out->load);
    snprintf(out->kernel, sizeof out->kernel, "unknown");
    if (uname(&name) == 0)
        snprintf(out->kernel, sizeof out->kernel, "%s %.60s", name.sysname, name.release);
}

json_t *swapci_host_facts_json(void) {
    struct swapci_host_facts facts;
    swapc_engine_info info = SWAPC_ENGINE_INFO_INIT;
    json_t *engines = json_object();
    swapci_host_facts_read(&facts);
    for (unsigned i = 0; swapc_engine_at(i, &info); i++)
        json_object_set_new(engines, info.name,
                            info.built ? json_string(info.version) : json_null());
    char now[32] = "";
    time_t seconds = time(NULL);
    struct tm utc;
    if (gmtime_r(&seconds, &utc)) strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "cpu",
                     facts.cpu, "cores", (json_int_t)facts.cores, "governor", facts.governor,
                     "load", facts.load, "kernel", facts.kernel, "os", facts.os, "swapc",
                     swapc_version(), "commit", SWAPCI_COMMIT, "compiler", SWAPCI_COMPILER,
                     "guest_compiler", SWAPCI_GUEST_COMPILER, "build", SWAPCI_BUILD_TYPE,
                     "measured_at", now, "engines", engines);
}
