package dev.muster.schedule;

import java.util.List;
import java.util.Locale;

/** One of the five fields of a cron expression: its name, its range, and how it is read. */
enum CronField {
    MINUTE("minute", 0, 59, ""),
    HOUR("hour", 0, 23, ""),
    DAY_OF_MONTH("day of month", 1, 31, ""),
    MONTH("month", 1, 12, "jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec"),
    /** 0 and 7 are both Sunday. */
    DAY_OF_WEEK("day of week", 0, 7, "sun,mon,tue,wed,thu,fri,sat");

    private final String title;
    private final int min;
    private final int max;
    private final String names; // joined, since an enum's fields are to be immutable

    CronField(String title, int min, int max, String names) {
        this.title = title;
        this.min = min;
        this.max = max;
        this.names = names;
    }

    /**
     * The values that a field names, as bits.
     *
     * @throws IllegalArgumentException if it can't be read; the message says what is wrong
     */
    long parse(String text) {
        long bits = 0;
        for (String item : text.toLowerCase(Locale.ROOT).split(",", -1)) {
            bits |= item(item);
        }
        boolean sundayIsSeven = this == DAY_OF_WEEK && (bits & (1L << 7)) != 0;
        return sundayIsSeven ? (bits | 1) & ~(1L << 7) : bits;
    }

    private long item(String item) {
        int slash = item.indexOf('/');
        String range = slash < 0 ? item : item.substring(0, slash);
        int dash = range.indexOf('-');
        if (slash >= 0 && dash < 0 && !range.equals("*")) {
            throw wrong(item, "a step needs a range before it, or *");
        }
        int first = range.equals("*") ? min : value(dash < 0 ? range : range.substring(0, dash), item);
        int last = range.equals("*") ? whole() : dash < 0 ? first : value(range.substring(dash + 1), item);
        if (this == DAY_OF_WEEK && dash >= 0 && last == 0) {
            last = 7;
        }
        if (last < first) {
            throw wrong(item, "the range runs backwards");
        }
        return bits(first, last, slash < 0 ? 1 : step(item.substring(slash + 1), item));
    }

    private static long bits(int first, int last, int step) {
        long bits = 0;
        for (int value = first; value <= last; value += step) {
            bits |= 1L << value;
        }
        return bits;
    }

    private int value(String text, String item) {
        int name = List.of(names.split(",", -1)).indexOf(text);
        int value = name < 0 || names.isEmpty() ? number(text, item) : name + min;
        if (value < min || value > max) {
            throw wrong(item, "not between " + min + " and " + max);
        }
        return value;
    }

    private int step(String text, String item) {
        int step = number(text, item);
        if (step < 1 || step > max) {
            throw wrong(item, "a step is between 1 and " + max);
        }
        return step;
    }

    private int number(String text, String item) {
        if (text.isEmpty() || text.length() > 3 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw wrong(item, names.isEmpty() ? "no number" : "neither a number nor a name");
        }
        return Integer.parseInt(text);
    }

    /** The last value of {@code *}: Sunday is counted once. */
    private int whole() {
        return this == DAY_OF_WEEK ? 6 : max;
    }

    private IllegalArgumentException wrong(String item, String why) {
        return new IllegalArgumentException("the " + title + " \"" + item + "\" can't be read: " + why);
    }
}
