//! What can a hostile registry do?
//!
//! Left, what it sends. Then what becomes of it; no row ends with bytes that are stored and wrong,
//! with credentials at a stranger, or with memory or time that the stranger decides about. Right,
//! the tests that would fail if it were not so: a file, and functions in it. A test reads this
//! table and fails on a function that is gone.
//!
//! | what it sends | what becomes of it | held by |
//! |---|---|---|
//! | a manifest that is too large, or says so | left at 4 MiB | `src/registry/tests/manifests.rs` `more_than_four_mebibytes_are_cut_off` |
//! | a manifest without an end | left at 4 MiB | `src/registry/tests/hostile.rs` `a_manifest_without_an_end_is_left_after_four_mebibytes` |
//! | a blob without an end | left at the first byte too many | `src/registry/tests/hostile.rs` `a_blob_without_an_end_is_left_at_the_first_byte_too_many` |
//! | a token without an end | left at 64 KiB | `src/registry/tests/hostile.rs` `a_token_without_an_end_is_left_after_64_kibibytes` |
//! | an error without an end | left at 64 KiB, 600 characters of it are shown | `src/registry/tests/hostile.rs` `a_refusal_without_an_end_is_left_and_still_understood`, `src/registry/tests/statuses.rs` `an_endless_error_body_is_left_after_64_kibibytes` |
//! | an error that writes to the terminal or repeats a secret | shown without | `src/registry/answer.rs` `messages_are_one_line_without_control_characters_and_bounded`, `src/registry/tests/redirects.rs` `errors_hold_neither_signatures_nor_passwords` |
//! | a media type or platform that writes to the terminal | shown without | `src/tf/diagnostics.rs` `what_strangers_wrote_cannot_write_to_the_terminal_or_go_on_for_ever` |
//! | more headers than anybody needs | no answer | `src/net/client/tests.rs` `more_headers_than_the_limit_are_no_answer` |
//! | a header without an end | no answer | `src/registry/tests/hostile.rs` `a_header_without_an_end_is_no_answer` |
//! | the head of an answer byte by byte | given up after a minute | `src/registry/tests/hostile.rs` `a_head_that_trickles_is_given_up_after_a_minute` |
//! | a manifest or token byte by byte | given up after two minutes | `src/registry/tests/hostile.rs` `a_manifest_that_trickles_is_given_up_after_two_minutes`, `src/net/limits.rs` `a_body_that_trickles_is_given_up` |
//! | a blob byte by byte | cut after 30 seconds of waiting; five cuts without progress end it | `src/registry/tests/hostile.rs` `a_blob_that_trickles_is_cut_so_that_its_progress_is_judged`, `src/mirror/tests/faults.rs` `a_source_that_gives_a_byte_per_request_is_not_followed_for_ever` |
//! | nothing more | cut after 30 seconds | `src/registry/tests/blobs.rs` `a_body_that_stalls_is_interrupted_after_thirty_seconds` |
//! | an index above an index, without end | refused below four levels | `src/mirror/tests/copies.rs` `five_levels_below_the_root_are_refused_before_any_write`, `a_long_way_to_a_manifest_that_is_also_near_counts` |
//! | an index that lists itself | it has to lie about a digest, and is caught | `src/mirror/tests/hostile.rs` `an_index_that_seems_to_list_itself_is_found_to_lie_about_a_digest` |
//! | ten thousand children | refused | `src/mirror/tests/copies.rs` `an_index_with_too_many_entries_is_refused` |
//! | few manifests with millions of ways between them | each is read once | `src/mirror/tests/hostile.rs` `a_graph_with_millions_of_ways_down_is_read_once_per_manifest` |
//! | many large manifests | refused above 32 MiB | `src/mirror/tests/hostile.rs` `more_than_32_mebibytes_of_manifests_are_refused_before_any_write` |
//! | JSON nested without end | refused | `src/registry/tests/deceit.rs` `an_answer_nested_without_end_is_refused`, `src/oci/manifest/tests.rs` `hostile_descriptors_are_refused` |
//! | something packed that grows | refused packed, nothing is ever unpacked | `src/registry/tests/hostile.rs` `content_that_would_have_to_be_unpacked_is_refused_packed`, `src/registry/tests/blobs.rs` `an_encoded_or_mis_sized_answer_is_refused_before_its_first_byte` |
//! | a list of referrers without end, in pages or in bytes | left after 32 pages or 4 MiB | `src/registry/tests/referrers.rs` `a_list_without_end_is_given_up`, `pages_that_are_too_large_together_are_given_up` |
//! | a next page of such a list at another host | not asked for | `src/registry/tests/referrers.rs` `only_the_registry_itself_has_the_next_page` |
//! | a list that names what does not refer to the image, is gone or cannot be copied | that is left out | `src/mirror/tests/referrers.rs` `a_list_that_lies_brings_nothing` |
//! | a thousand referrers, or referrers of referrers without end | refused | `src/mirror/tests/referrers.rs` `more_than_anybody_attaches_is_refused_before_anything_is_read`, `a_chain_without_end_is_refused` |
//! | configurations without end, or labels that fill the state | refused above 4 MiB each, 32 MiB together, 1 MiB of labels | `src/mirror/tests/inventory.rs` `configurations_and_labels_without_end_are_refused` |
//! | labels that are something else | none | `src/mirror/tests/inventory.rs` `labels_that_are_not_written_as_labels_are_none` |
//! | a configuration of other bytes than its digest names | refused | `src/mirror/tests/inventory.rs` `a_configuration_of_other_bytes_is_not_read` |
//! | redirects without end | ten are followed | `src/registry/tests/redirects.rs` `ten_redirects_are_followed_and_no_more` |
//! | a redirect to metadata, private addresses or files | not followed, whatever the notation | `src/registry/tests/redirects.rs` `targets_that_must_not_be_followed_are_not_asked`, `a_registry_at_a_private_address_may_not_send_us_to_the_credentials_of_the_machine` |
//! | a redirect to a host that wants credentials | gets none | `src/registry/tests/redirects.rs` `a_challenge_of_a_redirect_target_is_never_answered`, `another_port_or_a_name_below_is_another_host`, `credentials_stay_off_after_a_foreign_host_even_on_the_way_back` |
//! | a token service that must not be asked | not asked | `src/registry/tests/auth.rs` `a_token_service_that_cannot_be_trusted_is_not_asked`, `a_private_registry_cannot_name_the_metadata_of_the_machine_as_its_token_service` |
//! | a token service that redirects | not followed | `src/registry/tests/deceit.rs` `a_token_service_that_sends_us_elsewhere_is_not_followed` |
//! | an upload on another host | gets the bytes and no credentials | `src/registry/tests/uploads.rs` `credentials_do_not_go_to_an_upload_on_another_host`, `a_location_that_must_not_be_used_is_refused` |
//! | a `Location` that looks like a path and is a host | gets no credentials | `src/registry/tests/deceit.rs` `a_location_that_looks_like_a_path_and_names_another_host_gets_no_credentials`, `a_location_cannot_climb_out_of_the_registry` |
//! | a digest header that lies | refused | `src/registry/tests/manifests.rs` `a_head_by_digest_that_names_another_is_refused`, `a_manifest_by_tag_must_have_the_digest_of_its_header` |
//! | a digest header of another algorithm | refused | `src/registry/tests/deceit.rs` `a_digest_header_of_an_algorithm_that_proves_nothing_is_refused` |
//! | other bytes than were asked for | refused, a blob before its last byte is passed on | `src/registry/tests/manifests.rs` `bytes_with_another_digest_are_refused`, `src/mirror/tests/faults.rs` `wrong_bytes_twice_are_never_committed_and_blame_the_source`, `src/mirror/tests/hostile.rs` `a_source_that_answers_for_what_it_was_not_asked_is_told_apart_by_bytes` |
//! | a content type that lies | refused | `src/registry/tests/manifests.rs` `schema_1_and_contradictions_are_refused`, `src/mirror/tests/hostile.rs` `an_entry_that_calls_a_manifest_a_layer_does_not_bring_what_it_lists` |
//! | a manifest that two readers read differently: a field twice, fields of two kinds | refused | `src/registry/tests/deceit.rs` `a_manifest_that_two_readers_would_read_differently_is_refused`, `src/oci/manifest/tests.rs` `a_manifest_of_two_kinds_is_refused` |
//! | addresses in descriptors (`urls`) | not read | `src/mirror/tests/hostile.rs` `addresses_in_a_manifest_are_never_asked` |
//! | a path for a digest | refused before anything is asked for | `src/registry/tests/deceit.rs` `a_manifest_with_a_path_for_a_digest_is_refused_before_anything_is_asked_for` |
//! | sizes that are negative or have no number | refused | `src/registry/tests/deceit.rs` `sizes_that_no_content_has_are_refused` |
//! | sizes that are absurd, or whose sum overflows | refused when the bytes end; a sum ends at the largest number | `src/mirror/tests/hostile.rs` `a_layer_of_nine_exabytes_that_ends_early_is_refused_as_what_it_is`, `sizes_whose_sum_has_no_number_end_at_the_largest_one` |
//! | two sizes for one layer | one is a lie, and only right bytes are stored | `src/mirror/tests/hostile.rs` `two_sizes_for_one_layer_end_as_a_lie_and_not_as_an_image` |
//! | another part than was asked for, with a `Content-Range` that lies | refused | `src/registry/tests/blobs.rs` `a_partial_answer_must_be_the_part_that_was_asked_for` |
//! | lengths that are absurd or contradict each other | no answer | `src/registry/tests/hostile.rs` `lengths_that_are_absurd_or_contradict_each_other_are_no_answer` |
//! | chunks that are longer than they say | cut | `src/registry/tests/hostile.rs` `chunks_that_lie_about_their_length_end_the_body` |
//! | bytes that are no HTTP | no answer | `src/registry/tests/hostile.rs` `an_answer_that_is_no_http_is_no_answer` |
//! | HTTP/1.0, where the end of the connection ends the body | the digest decides | `src/registry/tests/hostile.rs` `a_body_that_ends_with_the_connection_must_still_be_whole` |
//! | a wait of a year (`Retry-After`) | two minutes are waited | `src/net/retry/tests.rs` `a_wait_of_six_hours_is_cut_to_two_minutes` |
//! | as a destination: a confirmation before it has the blob | another upload, then an error | `src/registry/tests/hostile.rs` `a_blob_that_is_confirmed_before_its_end_is_not_taken_for_stored` |
//! | as a destination: a confirmation of other bytes | an error | `src/registry/tests/uploads.rs` `a_registry_that_stored_other_bytes_is_caught`, `src/registry/tests/manifests.rs` `a_registry_that_stored_other_bytes_is_caught` |
//! | a signature that one of the keys made for another image | no signature of this one | `src/provider/signatures/tests.rs` `signatures_of_other_images_do_not_count_wherever_they_are`, `acceptance-tests/verify.rs` `a_signature_that_was_moved_from_another_image_does_not_count` |
//! | what a key signed for another purpose, as a signature | it does not count | `src/signature/tests.rs` `what_was_signed_for_another_purpose_is_no_signature_of_an_image`, `a_signature_over_the_payload_alone_does_not_count_in_an_envelope` |
//! | signed text that two readers could read differently | it does not count | `src/signature/tests.rs` `signed_text_that_two_readers_could_read_differently_is_refused` |
//! | a bundle with a certificate of somebody else, of another instance, or that was changed | it does not count | `src/signature/keyless/tests.rs` `a_certificate_shows_who_signed_and_nobody_else`, `an_instance_that_did_not_vouch_for_it_is_no_witness`, `bundles_that_were_changed_do_not_count` |
//! | signatures without number or end | 32 manifests and 128 signatures are looked at, of 64 KiB or, as bundles, 1 MiB | `src/provider/signatures/tests.rs` `a_flood_of_signatures_ends_at_the_limits`, `what_cannot_be_read_does_not_hide_a_signature_that_counts` |
//!
//! Lists of tags and `Link` headers are not read by anything here, so nothing can be wrong in them.
