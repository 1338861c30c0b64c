/*
 * Feed files to a fuzz target without libFuzzer: every file named, and every
 * file in a folder named. So a corpus is a regression test for any compiler.
 *
 * Exit: 0 all fed, 1 one could not be read, 2 none named.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_MAX_BYTES = 1 << 20, PATH_SIZE = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned n_fed;

static int
feed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(FILE_MAX_BYTES);
	uint8_t *exact = NULL;
	size_t n = 0;
	size_t i;
	int failed = !f || !bytes;

	if (!failed) {
		n = fread(bytes, 1, FILE_MAX_BYTES, f);
		failed = ferror(f) != 0;
	}
	/* Exactly as large as its content, so that overruns are noticed. */
	if (!failed)
		exact = malloc(n ? n : 1);
	failed = !exact;
	if (!failed) {
		for (i = 0; i < n; i++)
			exact[i] = bytes[i];
		(void)LLVMFuzzerTestOneInput(exact, n);
		n_fed++;
	} else {
		fprintf(stderr, "%s: cannot be read\n", path);
	}
	if (f)
		(void)fclose(f);
	free(exact);
	free(bytes);
	return failed;
}

static int
feed_folder(const char *path)
{
	char file[PATH_SIZE];
	struct dirent *entry;
	DIR *folder = opendir(path);
	int failed = 0;
	int n;

	if (!folder) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return 1;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(file))
			failed = 1;
		else
			failed |= feed_file(file);
	}
	(void)closedir(folder);
	return failed;
}

int
main(int argc, char **argv)
{
	struct stat st;
	int failed = 0;
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argv[0]);
		return 2;
	}
	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			failed |= feed_folder(argv[i]);
		else
			failed |= feed_file(argv[i]);
	}
	printf("%u inputs fed\n", n_fed);
	return failed;
}
