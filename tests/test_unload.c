/* test_unload.c -- a plug-in with the library inside is unloaded while threads that used it still run. */
#include "util_sanitized.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SANITIZED_ADDRESS
/* What is shared is lost with the library, as engine.h says. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static char path[4096];
static int to_thread[2], to_main[2];

static void *use_and_stay(void *arg)
{
	int (*use)(void);
	char c = 0;

	*(void **)&use = arg;
	if (!use() || write(to_main[1], &c, 1) != 1)
		_exit(2);
	/* It ends when the library is gone. */
	return read(to_thread[0], &c, 1) == 1 ? NULL : &to_main;
}

static void threads_end_after_it(void **state)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL), *use, *failed;
	pthread_t thread;
	char c = 0;

	(void)state;
	if (!plugin)
		print_message("%s\n", dlerror());
	assert_non_null(plugin);
	use = dlsym(plugin, "plugin_use");
	assert_non_null(use);
	assert_true(pipe(to_thread) == 0 && pipe(to_main) == 0);
	assert_int_equal(pthread_create(&thread, NULL, use_and_stay, use), 0);
	assert_int_equal(read(to_main[0], &c, 1), 1);
	assert_int_equal(dlclose(plugin), 0);
	assert_null(dlopen(path, RTLD_NOW | RTLD_NOLOAD)); /* it is gone */
	assert_int_equal(write(to_thread[1], &c, 1), 1);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
}

/* Its handlers are gone too. */
static void forks_go_on_after_it(void **state)
{
	int status = -1;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_end_after_it),
		cmocka_unit_test(forks_go_on_after_it),
	};
	const char *end = strrchr(argv[0], '/');

	(void)argc;
	snprintf(path, sizeof path, "%.*splugin.so", end ? (int)(end + 1 - argv[0]) : 0, argv[0]);
	return cmocka_run_group_tests_name("unload", tests, NULL, NULL);
}
